import { BadAddress, parseAddress } from "../../../src/client/address.ts";
import { BadEntry, parseEntry } from "../../../src/client/listing.ts";
import { visible } from "../../../src/observe/visible.ts";
import { BadPath, decodePath } from "../../../src/protocol/path.ts";
import { ReplyDecoder } from "../../../src/protocol/reply-decoder.ts";
import { RequestDecoder } from "../../../src/protocol/request-decoder.ts";
import { canonicalIpv6, networkOf, parseIpv4 } from "../../../src/security/ip.ts";
import {
  parseClientFinal,
  parseClientFirst,
  parseServerFinal,
  parseServerFirst,
} from "../../../src/security/scram-messages.ts";
import { SecurityError } from "../../../src/security/errors.ts";
import { BadToml, readToml } from "../../../src/cli/toml.ts";
import { CommandEnd } from "../../../src/shell/command-end.ts";
import { BadCommandLine, parseCommands } from "../../../src/shell/parse.ts";
import { compilePattern } from "../../../src/shell/pattern.ts";
import { parseStagedName } from "../../../src/storage/local/staged-name.ts";
import { mutated } from "../../support/mutations.ts";
import { Random } from "../../support/random.ts";
import { decode } from "../../unit/conversations.ts";
import { must, pick } from "../part.ts";
import { goodReplies, goodRequests } from "../talk.ts";

/** Something that reads what may come from anywhere. */
interface Parser {
  readonly name: string;
  /** What it reads when all is well. */
  readonly good: (random: Random) => string | Uint8Array;
  readonly parse: (bytes: Buffer, random: Random) => unknown;
  /** What it may throw. */
  readonly throws: readonly (abstract new (...args: never[]) => Error)[];
}

/** Characters of an input that are shown. */
const MOST_SHOWN = 2000;

const text =
  (...lines: readonly string[]) =>
  (random: Random): string =>
    pick(random, lines);
const PIN = "kq2Y7nUYVnUdv1B3S1B0S0gY1xYyT0S0yJ0O3D3t3nE";

/** Every parser of what may come from anywhere. */
const PARSERS: readonly Parser[] = [
  {
    name: "requests",
    good: goodRequests,
    parse: (bytes, random) => decodeTwice(() => new RequestDecoder(), bytes, random),
    throws: [],
  },
  {
    name: "replies",
    good: goodReplies,
    parse: (bytes, random) => decodeTwice(() => new ReplyDecoder(), bytes, random),
    throws: [],
  },
  {
    name: "paths",
    good: text("a/b/c", "notes/%C3%A9.txt", "x/%2e%2e/y", "a%20b/c%5Cd"),
    parse: (bytes) => decodePath(bytes.toString("latin1")),
    throws: [BadPath],
  },
  {
    name: "listings",
    good: text(
      '{"path":"a/b","type":"file","size":5,"mtime":1763800000123,"exec":false}',
      '{"path":"d","type":"folder","size":0,"mtime":1,"exec":false}',
      '{"path":"l","type":"refused","reason":"it is a link"}',
    ),
    parse: (bytes) => parseEntry(bytes.toString()),
    throws: [BadEntry],
  },
  {
    name: "addresses",
    good: text("127.0.0.1:12000", `me@host.example:1#${PIN}`, "[::1]:12000", "12000", "h:0"),
    parse: (bytes) => parseAddress(bytes.toString()),
    throws: [BadAddress],
  },
  {
    name: "command lines",
    good: text('GET a b; PUT \'c d\' "e\\"f"', "-MIRROR -R --delete site www # x", "!ls -l | wc"),
    parse: (bytes) => {
      const end = new CommandEnd();
      for (const line of bytes.toString().split("\n")) end.goesOn(line);
      return parseCommands(bytes.toString());
    },
    throws: [BadCommandLine],
  },
  {
    name: "patterns",
    good: text("a/*.txt", "**/x[a-z]?", "photos/**", "[!a]*/b"),
    parse: (bytes) => compilePattern(bytes.toString()).matches(["a", "b", "xay.txt"]),
    throws: [],
  },
  {
    name: "configuration",
    good: text('[serve]\nport = 12000\nroot = "x"\n', '[servers.home]\naddress = "h:1"\n', "a.b=1"),
    parse: (bytes) => readToml(bytes.toString()),
    throws: [BadToml],
  },
  {
    name: "logins",
    good: text(
      "p=tls-exporter,,n=user,r=rOprNGfwEbeRWgbNEkqO",
      "r=rOprNGfwEbeRWgbNEkqOhvY,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "c=cD10bHMtZXhwb3J0ZXIsLAAB,r=rOpr,p=QC6CS20quADQRb3mT99YUHwg3VJxUvzuK0K0E1Vrs2M=",
      "v=2GiAgapEppLVlUXbxUDksL3VgYHzuqiK5tR4mhJGgvs=",
    ),
    parse: (bytes, random) =>
      pick(random, [parseClientFirst, parseServerFirst, parseClientFinal, parseServerFinal])(
        bytes.toString("latin1"),
      ),
    throws: [SecurityError],
  },
  {
    name: "internet addresses",
    good: text("127.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "fe80::1%eth0"),
    parse: (bytes) => {
      const address = bytes.toString();
      return [parseIpv4(address), canonicalIpv6(address), networkOf(address)];
    },
    throws: [],
  },
  {
    name: "names in the staging folder",
    good: text(`${"0123456789abcdef".repeat(2)}.part.1-2-3`, "x.kept", ".tmp"),
    parse: (bytes) => parseStagedName(bytes.toString()),
    throws: [],
  },
  {
    name: "what is shown",
    good: text("plain", "\u001b[31mred\u202eevil", "é\u0301\u0000"),
    parse: (bytes) => {
      const shown = visible(bytes.toString());
      must(!/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(shown), "a control character is shown");
    },
    throws: [],
  },
];

/** Whatever pieces a stream comes in, what is read of it is the same. */
function decodeTwice(
  make: () => RequestDecoder | ReplyDecoder,
  bytes: Buffer,
  random: Random,
): void {
  const whole = decode(make(), [bytes]);
  if (random.below(4) > 0) return;
  const cut = random.below(bytes.length + 1);
  const halves = decode(make(), [bytes.subarray(0, cut), bytes.subarray(cut)]);
  must(Bun.deepEquals(whole, halves), `cut at ${cut} it is read as something else`);
}

/** What one input is: its number and its trial's seed decide. */
export class Input {
  readonly #random: Random;
  readonly #parser: Parser;
  readonly #bytes: Buffer;

  constructor(seed: number, index: number) {
    this.#random = new Random(seed + Math.imul(index + 1, 0x9e3779b1));
    this.#parser = pick(this.#random, PARSERS);
    this.#bytes = mutated(this.#random, Buffer.from(this.#parser.good(this.#random)));
  }

  /** The parser's name, and what it is given. */
  toString(): string {
    return `${this.#parser.name}: base64 ${this.#bytes.toString("base64").slice(0, MOST_SHOWN)}`;
  }

  /** Parses it. @returns what went wrong, if it is nothing that the parser may throw */
  parse(): string | undefined {
    try {
      this.#parser.parse(this.#bytes, this.#random);
    } catch (error) {
      if (this.#parser.throws.some((kind) => error instanceof kind)) return undefined;
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return `${String(this)}: ${what}`;
    }
    return undefined;
  }
}
