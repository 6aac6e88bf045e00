import { networkInterfaces } from "node:os";
import { formatAddress } from "../client/address.ts";
import { hasColours } from "./output.ts";
import type { Protected } from "./protection.ts";

/** White on black, whatever the colours of the terminal are: what is drawn is the white. */
const WHITE_ON_BLACK = "\u001b[97;40m";
const RESET = "\u001b[0m";

/** Where a server can be reached that listens on this host: everywhere, where that means any. */
export function reachableAt(host: string): string[] {
  const anyIpv6 = /^[0:]*::[0:]*$|^0+(?::0+){7}$/.test(host);
  if (host !== "0.0.0.0" && !anyIpv6) return [host];
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const hosts = all
    .filter(({ family, internal, scopeid }) => {
      // One that is valid on its own link alone needs the name of the link, which differs.
      const linkLocal = family === "IPv6" && scopeid !== undefined && scopeid !== 0;
      return !internal && !linkLocal && (anyIpv6 || family === "IPv4");
    })
    .map(({ address }) => address);
  return hosts.length > 0 ? hosts : ["127.0.0.1"];
}

/** What has to be typed elsewhere to connect, for each address. */
export function connectLines(host: string, port: number, server: Protected): string[] {
  const user = server.token === undefined ? "USER@" : "";
  return reachableAt(host).map(
    (address) =>
      `sftp connect ${user}${formatAddress({ host: address, port })}#${server.identity.pin}`,
  );
}

/** A text as a QR code that a terminal can show. */
export async function qrCode(text: string): Promise<string> {
  const { renderUnicodeCompact } = await import("uqr");
  const code = renderUnicodeCompact(text, { ecc: "L", border: 2 });
  if (!hasColours(process.stderr)) return `${code}\n`;
  return code
    .split("\n")
    .map((line) => `${WHITE_ON_BLACK}${line}${RESET}\n`)
    .join("");
}
