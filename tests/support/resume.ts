import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { BLOCK_SIZE } from "./wire.ts";
import { filesUnder } from "./files.ts";
import { FaultyProxy, type Plan } from "./faulty-proxy.ts";
import { RawClient } from "./raw-client.ts";
import { SecureClient } from "./secure.ts";
import { ClientProcess, run, ServerProcess, TemporaryFolder, type Ran } from "./programs.ts";

/** A size of a few blocks, the last of them short. */
export const SIZE = 7 * BLOCK_SIZE + 1000;
export const STAGING = ".sftp-staging";

/** One line of JSON that a client wrote. */
export type ClientEvent = Record<string, unknown> & { readonly event: string };

export interface RanClient extends Ran {
  readonly events: readonly ClientEvent[];
  /** The event that tells of the transfer, if it came to an end. */
  readonly transferred: ClientEvent | undefined;
}

/** A test of what only a connection in the clear shows, such as the lines that pass. */
export function inTheClear(name: string, run: () => Promise<void>): void {
  if (!Scene.encrypted) test(name, run);
}

/** What the programs of a scene are started with. */
export interface Startup {
  /** Another build of them. */
  binary?: string;
  /** Variables of servers that are started from now on. */
  serverEnv?: Record<string, string>;
  /** Variables of clients that are started from now on. */
  clientEnv?: Record<string, string>;
  /** Is done to the folder before anything runs in it. */
  prepare?: (folder: TemporaryFolder) => void;
}

/** A server, folders for it and for a client, and a faulty connection between them. */
export class Scene implements AsyncDisposable {
  /** Whether scenes that start from now on are encrypted. */
  static encrypted = false;
  readonly folder: TemporaryFolder;
  readonly proxy: FaultyProxy;
  readonly #servers: ServerProcess[];
  readonly #flags: readonly string[];
  readonly #startup: Startup;

  private constructor(
    folder: TemporaryFolder,
    proxy: FaultyProxy,
    server: ServerProcess,
    flags: readonly string[],
    startup: Startup,
  ) {
    this.folder = folder;
    this.proxy = proxy;
    this.#servers = [server];
    this.#flags = flags;
    this.#startup = startup;
  }

  /** @param plans for the client's connections: the first, the second, and so on */
  static async start(
    plans: readonly Plan[] = [],
    flags: readonly string[] = [],
    startup: Startup = {},
  ): Promise<Scene> {
    const folder = new TemporaryFolder();
    startup.prepare?.(folder);
    const all = Scene.encrypted ? [...flags, "--tls"] : flags;
    const server = await startServer(folder, all, startup);
    const proxy = await FaultyProxy.start(server.port, ...plans);
    proxy.encrypted = Scene.encrypted;
    return new Scene(folder, proxy, server, all, startup);
  }

  /** The server that was started last. */
  get server(): ServerProcess {
    const server = this.#servers.at(-1);
    if (server === undefined) throw new Error("there is no server");
    return server;
  }

  /** Starts another server over the same folder, to which new connections are led. */
  async startServer(): Promise<void> {
    const server = await startServer(this.folder, this.#flags, this.#startup);
    this.#servers.push(server);
    this.proxy.server = server.port;
  }

  /** Kills the server, and starts another. */
  async restartServer(): Promise<void> {
    await this.server.stop("SIGKILL");
    await this.startServer();
  }

  /** Runs commands in a client of their own. */
  async run(commands: string, ...flags: string[]): Promise<RanClient> {
    const address = this.#address;
    const args = [
      address,
      "--root",
      this.folder.join("client"),
      "-c",
      commands,
      "--json",
      ...flags,
    ];
    const ran = await run(["connect", ...args], { env: this.#env, ...this.#binary });
    const lines = ran.stdout.split("\n").filter((line) => line !== "");
    const events = lines.map((line): ClientEvent => JSON.parse(line));
    return { ...ran, events, transferred: events.find(({ event }) => event === "transferred") };
  }

  /** Starts a client that carries out commands while the test goes on. */
  start(commands: string, ...flags: string[]): ClientProcess {
    const args = [this.#address, "-c", commands, ...flags];
    const options = { env: this.#env, ...this.#binary };
    return ClientProcess.start(this.folder.join("client"), args, options);
  }

  /** What lies in the staging folder of one side. */
  staged(side: "client" | "server"): string[] {
    return filesUnder(this.folder.path)
      .filter((name) => name.startsWith(`${side}/${STAGING}/`))
      .map((name) => this.folder.join(name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    for (const server of this.#servers) await server[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }

  get #address(): string {
    const { port } = this.proxy;
    if (!this.proxy.encrypted) return String(port);
    return `127.0.0.1:${port}#${pinOf(this.server)}`;
  }

  get #env(): Record<string, string> {
    const token = this.folder.join("server-state/sftp/token");
    return {
      XDG_STATE_HOME: this.folder.join("state"),
      SFTP_RETRIES: "5",
      ...(this.proxy.encrypted ? { SFTP_TOKEN_FILE: token } : {}),
      ...this.#startup.clientEnv,
    };
  }

  get #binary(): { readonly binary?: string } {
    const { binary } = this.#startup;
    return binary === undefined ? {} : { binary };
  }
}

/** A server over a folder: encrypted where scenes are. */
export async function serverOver(
  root: string,
  flags: readonly string[] = [],
): Promise<ServerProcess> {
  const server = await ServerProcess.start(root, Scene.encrypted ? [...flags, "--tls"] : flags);
  if (Scene.encrypted) await server.waitFor(/token is in/);
  return server;
}

/** A conversation byte by byte with such a server: after the login where it is encrypted. */
export async function converse(server: ServerProcess): Promise<RawClient> {
  if (!Scene.encrypted) return RawClient.open(server.port);
  const client = await SecureClient.open(server.port);
  const secret = readFileSync(tokenFileOf(server), "utf8").trim();
  expect(await client.logIn("token", secret)).toStartWith("230 ");
  return client.raw;
}

/** Runs commands for such a server in a client of their own. */
export function connectTo(
  client: string,
  server: ServerProcess,
  commands: string,
  ...flags: string[]
): Promise<Ran> {
  const { address, env } = wayTo(server);
  return run(["connect", address, "--root", client, "-c", commands, ...flags], { env });
}

/** What a client needs for such a server: its address, and the environment to log in with. */
export function wayTo(server: ServerProcess): {
  readonly address: string;
  readonly env: Record<string, string>;
} {
  const address = `127.0.0.1:${server.port}`;
  if (!server.log.includes("token is in")) return { address, env: {} };
  return {
    address: `${address}#${pinOf(server)}`,
    env: { SFTP_TOKEN_FILE: tokenFileOf(server) },
  };
}

function tokenFileOf({ log }: ServerProcess): string {
  return /token is in (.+)\n/.exec(log)?.[1] ?? "";
}

function pinOf({ log }: ServerProcess): string {
  return /#([\w-]{43})/.exec(log)?.[1] ?? "";
}

async function startServer(
  folder: TemporaryFolder,
  flags: readonly string[],
  { binary, serverEnv }: Startup,
): Promise<ServerProcess> {
  const env = { XDG_STATE_HOME: folder.join("server-state"), ...serverEnv };
  const options = binary === undefined ? { env } : { env, binary };
  const server = await ServerProcess.start(folder.join("server"), flags, options);
  if (flags.includes("--tls")) await server.waitFor(/token is in/);
  return server;
}
