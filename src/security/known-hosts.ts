import { dirname } from "node:path";
import { SecurityError } from "./errors.ts";
import { CHANGED_BY_OTHERS, makeFolder, readTextIfThere, replaceFile } from "./files.ts";
import { canonicalIpv6 } from "./ip.ts";
import { BadLine, formatLines, parseLines, type Line } from "./lines.ts";
import { parsePin } from "./pin.ts";

const MAX_FILE = 1_048_576;
const ENTRY = /^(?:(?<name>[^\s:@#[\]]+)|\[(?<ipv6>[^\s[\]]+)\]):(?<port>[1-9][0-9]{0,4})$/;

const HEADER = [
  "# Servers that were trusted, and the pins of their keys: HOST:PORT PIN.",
  "# Remove a line to be asked again.",
];

/** What is kept of a server. */
export interface KnownHost {
  readonly pin: string;
  readonly line: number;
}

interface Host {
  readonly server: string;
  readonly pin: string;
}

/**
 * The servers that this user has trusted, in a file of one line each: `host:port PIN`, or
 * `[v6]:port PIN`. It is read anew each time, since other programs add to it.
 */
export class KnownHosts {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** Where it is, for messages. */
  get file(): string {
    return this.#file;
  }

  /**
   * A server that is known: its pin, and the number of its line, for messages.
   * @throws {SecurityError}
   */
  async find(host: string, port: number): Promise<KnownHost | undefined> {
    const server = format(host, port);
    const lines = this.#read();
    const at = lines.findIndex(({ entry }) => entry?.server === server);
    const pin = lines[at]?.entry?.pin;
    return pin === undefined ? undefined : { pin, line: at + 1 };
  }

  /**
   * Trusts a server from now on, whatever its key was before. All other lines stay as they are.
   * @throws {SecurityError}
   */
  async remember(host: string, port: number, pin: string): Promise<void> {
    const server = format(host, port);
    if (parsePin(pin) === undefined || readServer(server) === undefined) {
      throw new SecurityError("invalid", `${server} ${pin} cannot be kept in ${this.#file}`);
    }
    // What is known already takes no lock, which may be out of reach.
    if ((await this.find(host, port))?.pin === pin) return;
    makeFolder(dirname(this.#file));
    // SQLite is loaded with it, which no connection to a known server waits for.
    const { withLock } = await import("./lock.ts");
    withLock(this.#file, () => {
      const lines = this.#read();
      const at = lines.findIndex(({ entry }) => entry?.server === server);
      if (lines[at]?.entry?.pin === pin) return;
      const text = `${server} ${pin}`;
      const start = lines.length === 0 ? HEADER.map((text) => ({ text })) : [];
      replaceFile(
        this.#file,
        formatLines(
          at === -1 ? [...start, ...lines, { text }] : lines.with(at, { text, entry: undefined }),
        ),
      );
    });
  }

  #read(): Line<Host>[] {
    const text = readTextIfThere(this.#file, { max: MAX_FILE, forbidden: () => CHANGED_BY_OTHERS });
    return parseLines(this.#file, text ?? "", parseHost, ({ server }) => server);
  }
}

function parseHost(line: string): Host {
  const [typed = "", pin, ...more] = line.split(/\s+/);
  const server = readServer(typed);
  if (server === undefined) throw new BadLine(`${typed} is no HOST:PORT`);
  if (pin === undefined) throw new BadLine("the pin is missing");
  if (more.length > 0) throw new BadLine("there is more than a server and its pin");
  if (parsePin(pin) === undefined) throw new BadLine(`${pin} is no pin of 43 characters`);
  return { server, pin };
}

/** A server as `format` spells it; `undefined` where it is none. */
function readServer(text: string): string | undefined {
  const { name, ipv6, port } = ENTRY.exec(text)?.groups ?? {};
  const host = name ?? ipv6;
  if (host === undefined || Number(port) > 65_535) return undefined;
  if (ipv6 !== undefined && canonicalIpv6(ipv6) === undefined) return undefined;
  return format(host, Number(port));
}

/** One spelling for each server. */
function format(host: string, port: number): string {
  const ipv6 = canonicalIpv6(host);
  return ipv6 === undefined ? `${host.toLowerCase()}:${port}` : `[${ipv6}]:${port}`;
}
