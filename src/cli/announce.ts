import { networkInterfaces } from "node:os";
import { formatAddress } from "../client/address.ts";
import { columnsOf, STDERR } from "../platform/terminal.ts";
import { standardError } from "./outlet.ts";
import { hasColours, type Messages } from "./output.ts";
import type { Protected } from "./protection.ts";
import { CALLED } from "../platform/called.ts";

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
      `${CALLED} connect ${user}${formatAddress({ host: address, port })}#${server.identity.pin}`,
  );
}

/**
 * Tells what to type. Where it can, each command has a line that can be copied as it stands.
 * @param messages which are not broken into lines
 */
export function tellCommands(messages: Messages, commands: readonly string[]): void {
  const columns = columnsOf(STDERR);
  for (const command of commands) {
    const whole = `Connect with: ${command}`;
    const fits = columns === undefined || Bun.stringWidth(whole) < columns;
    for (const text of fits ? [whole] : ["Connect with:", command]) messages.log(text);
  }
}

/**
 * Tells whoever started the server what its clients need. Only a terminal is told secrets.
 * @param messages which are not broken into lines
 * @param draw writes to the terminal, in its turn among the messages
 * @param commands what is typed to connect
 */
export async function announce(
  messages: Messages,
  draw: (text: string) => void,
  commands: readonly string[],
  protection: Protected,
): Promise<void> {
  tellCommands(messages, commands);
  const columns = columnsOf(STDERR);
  const [first] = commands;
  if (columns !== undefined && first !== undefined) draw(await qrCode(first, columns));
  if (protection.token === undefined) {
    const { size } = protection.users;
    messages.log(`${size} ${size === 1 ? "user" : "users"} may log in.`);
  } else if (columns !== undefined) {
    messages.log(`Token: ${protection.token.value}`);
  } else {
    messages.log(`The token is in ${protection.token.file}`);
  }
}

/**
 * A text as a QR code that a terminal can show.
 * @param columns of the terminal; nothing is drawn where it is too narrow
 */
async function qrCode(text: string, columns: number): Promise<string> {
  const { renderUnicodeCompact } = await import("uqr");
  const code = renderUnicodeCompact(text, { ecc: "L", border: 2 });
  if (code.indexOf("\n") > columns) return "";
  if (!hasColours(standardError)) return `${code}\n`;
  return code
    .split("\n")
    .map((line) => `${WHITE_ON_BLACK}${line}${RESET}\n`)
    .join("");
}
