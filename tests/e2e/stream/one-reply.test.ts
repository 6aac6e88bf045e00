import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { FastClient } from "../../support/fast-client.ts";
import { write } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { block, body, fileDigest } from "../../support/wire.ts";

setDefaultTimeout(240_000);

/** A request as it is sent, and what each of its replies looks like: a body stands for its end. */
interface Asked {
  readonly sent: Buffer;
  readonly body: boolean;
  readonly final: RegExp;
}

const folder = new TemporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  write(folder.join("file"), FILE);
  server = await ServerProcess.start(folder.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const FILE = Buffer.alloc(300_000, "a file that is there ");

const alone = (line: string, final: RegExp): Asked => ({
  sent: Buffer.from(`${line}\n`),
  body: false,
  final,
});
const withBody = (line: string, final: RegExp): Asked => ({ ...alone(line, final), body: true });

const upload = (line: string, content: Buffer, end: string, final: RegExp): Asked => ({
  sent: Buffer.concat([Buffer.from(`${line}\n`), body(content), Buffer.from(`${end}\n`)]),
  body: false,
  final,
});

const content = fc.integer({ min: 0, max: 600_000 }).map((length) => Buffer.alloc(length, "up"));
const damaged = block(Buffer.from("hello"), "0123456789abcdef");

const asked: fc.Arbitrary<Asked> = fc.oneof(
  content.map((bytes) =>
    upload(
      `PUT stored size=${bytes.length}`,
      bytes,
      `END digest=${fileDigest(bytes)}`,
      new RegExp(`^226 size=${bytes.length} digest=${fileDigest(bytes)}$`),
    ),
  ),
  content.map((bytes) => upload("put stored", bytes, "end", /^226 size=\d+ digest=[0-9a-f]{16}$/)),
  content.map((bytes) => upload("PUT ../refused", bytes, "END", /^553 name /)),
  content.map((bytes) => upload("PUT file if=absent", bytes, "END", /^553 exists /)),
  content.map((bytes) =>
    upload("PUT file/below", bytes, "ABORT", /^(?:553 not-a-file|426 aborted) /),
  ),
  content.map((bytes) => upload("PUT stored mystery=1", bytes, "END", /^501 argument /)),
  content.map((bytes) => upload("PUT stored", bytes, "ABORT", /^426 aborted /)),
  content.map((bytes) => upload("PUT stored", bytes, "END digest=x", /^501 argument /)),
  fc.constant({
    sent: Buffer.concat([Buffer.from("PUT stored\n~\n"), damaged, Buffer.from("END\n")]),
    body: false,
    final: /^551 mismatch /,
  }),
  fc.constantFrom(
    withBody("GET file", new RegExp(`^226 digest=${fileDigest(FILE)}$`)),
    withBody("LIST", /^226$/),
    withBody("LIST recursive=1", /^226$/),
    alone("GET none", /^550 not-found /),
    alone("LIST none", /^550 not-found /),
    alone("STAT file", /^213 type=file size=300000 /),
    alone("STAT file digest=1", new RegExp(`^213 .* digest=${fileDigest(FILE)}$`)),
    alone("STAT none", /^550 not-found /),
    alone("DELETE none", /^550 not-found /),
    alone("RENAME none to=other", /^550 not-found /),
    alone("MKDIR file", /^553 exists /),
    alone("NOOP", /^200$/),
    alone("UNKNOWN", /^500 syntax /),
    alone("NOOP key=1", /^501 argument /),
    alone("GET", /^501 argument /),
  ),
);

/** Sends bytes in pieces of these lengths, again and again; no piece waits for a reply. */
async function sendSplit(
  client: FastClient,
  bytes: Buffer,
  lengths: readonly number[],
): Promise<void> {
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const length = lengths[piece % lengths.length] ?? bytes.length;
    await client.send(bytes.subarray(at, at + length));
    at += length;
  }
}

test("each request of a random mix gets exactly one final reply, in order", async () => {
  const parameters = fc.asyncProperty(
    fc.array(asked, { minLength: 1, maxLength: 25 }),
    fc.array(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1000, max: 500_000 })), {
      minLength: 1,
      maxLength: 8,
    }),
    fc.boolean(),
    async (mix, lengths, fin) => {
      using client = await FastClient.open(server.port);
      // The first request is known, whatever the mix.
      const first = alone("NOOP", /^200$/);
      const all = [first, ...mix];
      const bytes = Buffer.concat([
        ...all.map(({ sent }) => sent),
        Buffer.from(fin ? "" : "QUIT\n"),
      ]);
      const sending = sendSplit(
        client,
        bytes,
        lengths.some((length) => length > 60) ? lengths : [1000],
      );
      void sending.then(() => {
        if (fin) client.finish();
      });
      for (const { body: hasBody, final } of all) {
        if (hasBody) {
          expect(await client.reply()).toMatch(/^150(?: |$)/);
          expect((await client.body()).end).toMatch(final);
        } else {
          expect(await client.reply()).toMatch(final);
        }
      }
      expect(await client.lines()).toEqual(fin ? [] : ["221"]);
      await sending;
    },
  );
  await fc.assert(parameters, { numRuns: 100 });
});
