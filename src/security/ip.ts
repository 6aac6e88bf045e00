/** Without leading zeros, which some read as octal. */
const IPV4_BYTE = /^(?:0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9A-Fa-f]{1,4}$/;
const GROUPS = 8;
/** 127.0.0.0/8. */
const LOOPBACK = /^127(?:\.(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}$/;

/** The four bytes of an IPv4 address; `undefined` for anything else. */
export function parseIpv4(text: string): readonly number[] | undefined {
  const pieces = text.split(".");
  if (pieces.length !== 4 || !pieces.every((piece) => IPV4_BYTE.test(piece))) return undefined;
  const bytes = pieces.map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

/**
 * The eight groups of an IPv6 address, without its zone; `undefined` for anything else. RFC 4291,
 * section 2.2, with the last two groups as IPv4 where they are written so.
 */
export function parseIpv6(text: string): readonly number[] | undefined {
  const [address = "", ...zone] = text.split("%");
  if (zone.length > 1) return undefined;
  const halves = address.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(readGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === GROUPS ? head : undefined;
  const missing = GROUPS - head.length - tail.length;
  if (missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/**
 * Whom an address belongs to, as far as that can be told: an IPv4 address is one, of IPv6 the /64
 * that each customer gets at least. An IPv4 address that came as IPv6 (`::ffff:1.2.3.4`) is itself.
 */
export function networkOf(address: string): string {
  const groups = parseIpv6(address);
  if (groups === undefined) return parseIpv4(address)?.join(".") ?? address;
  const [, , , , , mark, high = 0, low = 0] = groups;
  if (mark === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/** Whether a host is this machine, spelt so that nothing else can be meant. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1" || host.toLowerCase() === "localhost";
}

/** Whether an address is this machine's own: 127.0.0.0/8, also written as IPv6, or `::1`. */
export function isLoopbackAddress(address: string): boolean {
  return networkOf(address).startsWith("127.") || canonicalIpv6(address) === "0:0:0:0:0:0:0:1";
}

/** One spelling for each IPv6 address: all groups, in lower case. */
export function canonicalIpv6(text: string): string | undefined {
  return parseIpv6(text)
    ?.map((group) => group.toString(16))
    .join(":");
}

function readGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const pieces = text.split(":");
  for (const [at, piece] of pieces.entries()) {
    const [a, b, c, d] = parseIpv4(piece) ?? [];
    if (a !== undefined && b !== undefined && c !== undefined && d !== undefined) {
      if (at !== pieces.length - 1) return undefined;
      groups.push((a << 8) | b, (c << 8) | d);
    } else if (GROUP.test(piece)) {
      groups.push(Number.parseInt(piece, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}
