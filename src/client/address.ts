import { parsePin } from "../security/pin.ts";
import { isUserName } from "../security/password.ts";

/** Where a server is. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where a server is, and what was said of it. */
export interface Target extends Address {
  /** Whom to log in as. */
  readonly user?: string;
  /** The only key that the server may have. */
  readonly pin?: string;
  /** What to log in with, where nothing else was given for that. */
  readonly secret?: string | undefined;
  /** Whether a login has proved already that the server is the right one. */
  readonly proved?: boolean;
}

export const DEFAULT_HOST = "127.0.0.1";

const PORT = /^[0-9]{1,5}$/;
const ADDRESS =
  /^(?:(?<user>[^\s@#]*)@)?(?:(?<name>[^\s:@#[\]]+)|\[(?<ipv6>[0-9A-Fa-f:.]+)\]):(?<port>[^:#]*)(?:#(?<pin>.*))?$/s;
const HOST_ALONE = /^(?:[^\s@#]*@)?(?:[^\s:@#[\]]+|\[[0-9A-Fa-f:.]+\])$/;

/** Why something that a user typed is no address. */
export class BadAddress extends Error {
  override readonly name = "BadAddress";
}

/**
 * Reads a port.
 * @throws {BadAddress} for anything but a decimal from 1 to 65535; 0 is allowed where asked for
 */
export function parsePort(text: string, options: { readonly zero?: boolean } = {}): number {
  const port = PORT.test(text) ? Number(text) : Number.NaN;
  const least = options.zero === true ? 0 : 1;
  if (port >= least && port <= 65_535) return port;
  const what = text === "" ? "The port is missing" : `${text} is no port`;
  throw new BadAddress(`${what}: give a number from ${least} to 65535`);
}

/**
 * Reads `PORT`, `[USER@]HOST:PORT[#PIN]` or `[USER@][IPv6]:PORT[#PIN]`.
 * @throws {BadAddress}
 */
export function parseAddress(text: string): Target {
  if (/^[0-9]*$/.test(text)) return { host: DEFAULT_HOST, port: parsePort(text) };
  const { user, name, ipv6, port, pin } = ADDRESS.exec(text)?.groups ?? {};
  const host = name ?? ipv6;
  if (HOST_ALONE.test(text)) {
    throw new BadAddress(`${text} needs a port, such as ${text}:12000`);
  }
  if (host === undefined || port === undefined) {
    throw new BadAddress(
      `${text} is no address: give PORT, HOST:PORT or [IPv6]:PORT, such as 127.0.0.1:12000`,
    );
  }
  return {
    host,
    port: parsePort(port),
    ...(user === undefined ? {} : { user: checkUser(user) }),
    ...(pin === undefined ? {} : { pin: checkPin(pin) }),
  };
}

function checkUser(user: string): string {
  if (isUserName(user)) return user;
  throw new BadAddress(`${user}@ names no user: give letters, digits and . _ - before the @`);
}

function checkPin(text: string): string {
  const pin = parsePin(text);
  if (pin !== undefined) return pin;
  throw new BadAddress(
    `#${text} is no PIN: copy all 43 characters behind the # from what sftp serve says`,
  );
}

/** Writes an address as `parseAddress` reads it. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
