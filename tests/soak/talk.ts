import type { Random } from "../support/random.ts";
import { body, fileDigest } from "../support/wire.ts";
import { pick } from "./part.ts";

/** A file that both sides of a conversation know. */
export const HONEST = Buffer.from("What an honest server has under this name\n");
const KEY = "00112233445566778899aabbccddeeff";
const NAMES = ["f", "d/small", "new", "d/new", "tree/a", "%C3%A9", "d", "nothing"] as const;

/** What a client that means well sends on one connection. */
export function goodRequests(random: Random): Buffer {
  const count = 1 + random.below(5);
  return Buffer.concat(Array.from({ length: count }, () => goodRequest(random)));
}

function goodRequest(random: Random): Buffer {
  const name = pick(random, NAMES);
  const content = Buffer.alloc(random.below(60), "content ");
  const end = random.below(4) === 0 ? "ABORT\n" : `END digest=${fileDigest(content)}\n`;
  const keys = pick(random, [
    "",
    " if=absent",
    ` part=${KEY} offset=0`,
    " mtime=1763800000123 exec=1",
  ]);
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2: {
      const line = `PUT ${name} size=${content.length}${keys}\n`;
      return Buffer.concat([Buffer.from(line), body(content), Buffer.from(end)]);
    }
    case 3:
    case 4:
      return Buffer.from(`GET ${name}${pick(random, ["", " offset=0", " offset=262144"])}\n`);
    case 5:
      return Buffer.from(`STAT ${name}${pick(random, ["", " digest=1", " digest=1 upto=5"])}\n`);
    case 6:
      return Buffer.from(`LIST${pick(random, ["", " d", " recursive=1", " f"])}\n`);
    case 7:
      return Buffer.from(`MKDIR ${name}\nDELETE ${name}\n`);
    case 8:
      return Buffer.from(`RENAME ${name} to=${pick(random, NAMES)}\n`);
    case 9:
      return Buffer.from(`HELD ${name} part=${KEY}\n`);
    case 10:
      return Buffer.from("ABORT\n");
    default:
      return Buffer.from(pick(random, ["NOOP\n", "QUIT\n", "AUTH data=abc\n"]));
  }
}

export const GREETING = "220 protocol=1 server=sftp/1.0.0 auth=none pipeline=1024\n";

/** How a server that means well answers GET. */
export function goodFile(content: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`150 size=${content.length} mtime=1763800000123 offset=0\n`),
    body(content),
    Buffer.from(`226 digest=${fileDigest(content)}\n`),
  ]);
}

const LISTING = ["a", "b", "sub/c"]
  .map(
    (name) => `{"path":"tree/${name}","type":"file","size":42,"mtime":1763800000123,"exec":false}`,
  )
  .join("\n");

/** How a server that means well answers LIST. */
export function goodListing(): Buffer {
  return Buffer.concat([
    Buffer.from("150\n"),
    body(Buffer.from(`${LISTING}\n`)),
    Buffer.from("226\n"),
  ]);
}

/** What a server that means well sends on one connection. */
export function goodReplies(random: Random): Buffer {
  const replies = Array.from({ length: 1 + random.below(4) }, () =>
    pick(random, [
      goodFile(HONEST),
      goodListing(),
      Buffer.from("213 type=file size=5 mtime=1763800000123 digest=4e01c226b2333809\n"),
      Buffer.from("110 done=1\n226 size=5 digest=4e01c226b2333809\n"),
      Buffer.from("550 not-found There is no file x\n"),
      Buffer.from("200\n225\n250\n"),
    ]),
  );
  return Buffer.concat([Buffer.from(GREETING), ...replies]);
}
