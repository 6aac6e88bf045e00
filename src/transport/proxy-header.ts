import { isIPv4, isIPv6 } from "node:net";

/** Who is behind a proxy. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/**
 * What a proxy says of a connection: who has opened it, or that it has opened it itself, to see
 * whether anybody is there.
 */
export type Introduction = Peer | "itself";

/** The first line or block of a connection is not what a proxy says. */
export class NotIntroduced extends Error {
  override readonly name = "NotIntroduced";
}

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
/** The signature, two bytes of kind, and the length of what follows. */
const V2_HEAD = SIGNATURE.length + 4;
/** What is behind the head: addresses, and more that nobody here needs. */
const V2_MOST = 4096;
const V2_INET = 1;
const V2_INET6 = 2;
/** With its line end, as the specification has it. */
const V1_MOST = 107;
const V1 = /^PROXY (?:TCP4 ([0-9.]+)|TCP6 ([0-9A-Fa-f:.]+)) \S+ ([0-9]{1,5}) [0-9]{1,5}\r\n$/;
const V1_UNKNOWN = /^PROXY UNKNOWN[^\r\n]*\r\n$/;
const MOST_PORT = 65_535;

/**
 * Reads the header of the PROXY protocol, version 1 or 2, and not a byte more: what is behind it is
 * not the proxy's. https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
export class ProxyHeader {
  #bytes = Buffer.alloc(0);

  /** How many bytes may be read next; none once it is there. */
  get wanted(): number {
    const bytes = this.#bytes;
    if (bytes.length < SIGNATURE.length) return SIGNATURE.length - bytes.length;
    if (!this.#isV2) return bytes.at(-1) === 0x0a ? 0 : 1;
    return (bytes.length < V2_HEAD ? V2_HEAD : this.#v2Length) - bytes.length;
  }

  /** @throws {NotIntroduced} */
  push(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const { length } = this.#bytes;
    const begins = (what: Buffer): boolean => {
      const common = Math.min(length, what.length);
      return this.#bytes.compare(what, 0, common, 0, common) === 0;
    };
    if (!begins(SIGNATURE) && !begins(Buffer.from("PROXY "))) throw new NotIntroduced("no header");
    const most = this.#isV2 ? V2_HEAD + V2_MOST : V1_MOST;
    if (length + this.wanted > most) throw new NotIntroduced("the header is too long");
  }

  /**
   * What it says, once it is whole.
   * @throws {NotIntroduced}
   */
  get said(): Introduction {
    return this.#isV2 ? this.#saidInV2() : this.#saidInV1();
  }

  get #isV2(): boolean {
    return this.#bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE);
  }

  get #v2Length(): number {
    return V2_HEAD + this.#bytes.readUInt16BE(V2_HEAD - 2);
  }

  #saidInV1(): Introduction {
    const line = this.#bytes.toString("latin1");
    if (V1_UNKNOWN.test(line)) return "itself";
    const [, v4 = "", v6 = "", port] = V1.exec(line) ?? [];
    const isAddress = isIPv4(v4) || isIPv6(v6);
    if (!isAddress || Number(port) > MOST_PORT) throw new NotIntroduced("a bad line");
    return { address: v4 || shortest(v6), port: Number(port) };
  }

  #saidInV2(): Introduction {
    const kind = this.#bytes.readUInt8(SIGNATURE.length);
    const family = this.#bytes.readUInt8(SIGNATURE.length + 1) >> 4;
    const body = this.#bytes.subarray(V2_HEAD);
    if (kind >> 4 !== 2 || (kind & 0xf) > 1)
      throw new NotIntroduced("an unknown version or command");
    // A health check of the proxy's own, or a connection of a kind that has no address.
    if ((kind & 0xf) === 0 || (family !== V2_INET && family !== V2_INET6)) return "itself";
    const width = family === V2_INET ? 4 : 16;
    if (body.length < 2 * width + 4) throw new NotIntroduced("too short for its addresses");
    const address = body.subarray(0, width);
    return { address: format(address), port: body.readUInt16BE(2 * width) };
  }
}

function format(address: Buffer): string {
  if (address.length === 4) return address.join(".");
  const groups = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(2 * at).toString(16));
  return shortest(groups.join(":"));
}

/** An IPv6 address as systems write it (RFC 5952). */
function shortest(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}
