import { parseDenied, type Deniable } from "../protocol/denied.ts";
import { PROTOCOL_VERSION } from "../protocol/limits.ts";
import type { Reply } from "../protocol/reply.ts";
import type { ReplyDecoder } from "../protocol/reply-decoder.ts";
import { parseDecimal } from "../protocol/text.ts";
import { ProtocolViolation } from "../protocol/violation.ts";
import { ConnectionLost, type Connection } from "../transport/connection.ts";

/** What a server that greets has said of itself. */
export interface Greeting {
  /** `none`, or the mechanism of a login. */
  readonly auth: string;
  /** How many requests it takes in advance. */
  readonly pipeline: number;
  /** What it can do that not every server can. */
  readonly features: ReadonlySet<string>;
  /** What it has said that it does not allow; of a login, that tells it. */
  readonly denied: ReadonlySet<Deniable>;
  /** Whether the server owes the reply to a NOOP that got it to speak. */
  readonly asked: boolean;
}

/** What answered in place of a server that can be talked to. */
export type Stranger =
  /** Something else, by name, such as `an SSH server`, and what to do. */
  | {
      readonly type: "other";
      readonly name: string;
      readonly advice: string;
      /** Whether it may be ours all the same, in another way than it was spoken to. */
      readonly perhapsOurs: boolean;
    }
  | { readonly type: "version"; readonly version: string }
  | {
      readonly type: "refused";
      readonly code: number;
      readonly word: string;
      readonly message: string;
    }
  /** Something that is not known. */
  | { readonly type: "unknown" }
  | { readonly type: "closed" }
  | { readonly type: "lost"; readonly message: string }
  | { readonly type: "silent" };

/** What first bytes tell who speaks. */
const OTHERS: readonly {
  readonly begins: RegExp;
  readonly name: string;
  readonly advice: string;
  readonly perhapsOurs?: boolean;
}[] = [
  {
    begins: /^SSH-/,
    name: "an SSH server",
    advice:
      "that is another protocol, spoken by ssh and OpenSSH's sftp; give the port of sftp serve",
  },
  {
    begins: /^220[ -][^\n]*SMTP/i,
    name: "an SMTP server",
    advice: "that one takes mail; give the port of sftp serve",
  },
  {
    // Our own greeting has nothing but fields.
    begins: /^220[ -](?![a-z]+=\S*(?: [a-z]+=\S*)*\r?(?:\n|$))|^220\r?\n/,
    name: "an FTP server",
    advice: "that is another protocol, spoken by ftp and lftp; give the port of sftp serve",
  },
  {
    begins: /^HTTP\/|^\s*<(?:!doctype|html)/i,
    name: "an HTTP server",
    advice: "that is for a browser or curl; give the port of sftp serve",
  },
  {
    // A record of type 20 to 23, of any version of TLS.
    begins: /^[\x14-\x17]\x03[\x00-\x04]/, // oxlint-disable-line no-control-regex
    name: "a server that speaks TLS",
    advice: "if it is sftp serve, connect as it says at its start, with what stands behind the #",
    perhapsOurs: true,
  },
];

/** How much of what came first is looked at, in bytes. */
const LOOKED_AT = 512;
/** Some servers wait to be spoken to: after this long without a word they are, in milliseconds. */
const ASK_AFTER_MS = 1000;

/** Who speaks like this, if that is known. */
export function nameOther(start: string): Stranger | undefined {
  const other = OTHERS.find(({ begins }) => begins.test(start));
  if (other === undefined) return undefined;
  const { name, advice, perhapsOurs = false } = other;
  return { type: "other", name, advice, perhapsOurs };
}

/** What the first reply of a server says. */
export function judgeGreeting(reply: Reply): Omit<Greeting, "asked"> | Stranger {
  if (!reply.ok) {
    const { code, word, message } = reply;
    return { type: "refused", code, word, message };
  }
  const version = reply.fields.get("protocol");
  if (reply.code !== 220 || version === undefined) return { type: "unknown" };
  if (version !== String(PROTOCOL_VERSION)) return { type: "version", version };
  return {
    auth: reply.fields.get("auth") ?? "",
    pipeline: Math.max(1, parseDecimal(reply.fields.get("pipeline") ?? "") ?? 1),
    features: new Set(reply.fields.get("features")?.split(",")),
    denied: parseDenied(reply.fields.get("denied")),
  };
}

export interface ReadOptions {
  /** How long to wait, in milliseconds. */
  readonly timeout: number;
  /** Whether what is silent is asked by a NOOP, as one may over a connection without encryption. */
  readonly ask: boolean;
}

/**
 * Waits for what a server says first. What comes behind it stays in the decoder. Never rejects.
 */
export async function readGreeting(
  connection: Connection,
  decoder: ReplyDecoder,
  options: ReadOptions,
): Promise<Greeting | Stranger> {
  let start = "";
  let asked = false;
  let silent = false;
  const asking = setTimeout(
    () => {
      if (!options.ask || start !== "") return;
      asked = true;
      connection.write("NOOP\n");
    },
    Math.min(ASK_AFTER_MS, options.timeout / 2),
  );
  const waiting = setTimeout(() => {
    silent = true;
    connection.destroy("silent");
  }, options.timeout);
  try {
    for (;;) {
      const piece = await connection.read();
      if (piece === undefined) break;
      if (start.length < LOOKED_AT) {
        start += Buffer.from(
          piece.buffer,
          piece.byteOffset,
          Math.min(piece.length, LOOKED_AT),
        ).toString("latin1");
      }
      decoder.push(piece);
      const event = decoder.next();
      if (event === undefined) continue;
      if (event.type !== "reply") return { type: "unknown" };
      const judged = judgeGreeting(event.reply);
      if ("auth" in judged) return { ...judged, asked };
      return judged.type === "unknown" ? (nameOther(start) ?? judged) : judged;
    }
  } catch (error) {
    if (error instanceof ProtocolViolation) return nameOther(start) ?? { type: "unknown" };
    if (!(error instanceof ConnectionLost)) throw error;
    if (!silent && start === "") return { type: "lost", message: error.message };
  } finally {
    clearTimeout(asking);
    clearTimeout(waiting);
  }
  const closed: Stranger = silent ? { type: "silent" } : { type: "closed" };
  return start === "" ? closed : (nameOther(start) ?? { type: "unknown" });
}
