import { connect, ServerProcess, TemporaryFolder, type Ran } from "./programs.ts";

/** A server and a client's folder, for tests of the shell's commands. */
export class ShellScene implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly #server: ServerProcess;

  private constructor(server: ServerProcess, folder: TemporaryFolder) {
    this.#server = server;
    this.folder = folder;
  }

  /** @param prepare puts files into `server` and `client` of the folder */
  static async start(prepare: (folder: TemporaryFolder) => unknown): Promise<ShellScene> {
    const folder = new TemporaryFolder();
    await prepare(folder);
    return new ShellScene(await ServerProcess.start(folder.join("server")), folder);
  }

  get port(): number {
    return this.#server.port;
  }

  /** Runs commands; standard error without what is said of the connection itself. */
  async run(commands: string, ...flags: string[]): Promise<Ran> {
    const ran = await connect(this.folder.join("client"), this.port, commands, ...flags);
    const stderr = ran.stderr.replace(/^(?:Connected to|Closed the connection to) .*\n/gm, "");
    return { ...ran, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

/** Events of `--json`, without those of the connection itself. */
export function eventsOf({ stdout }: Ran): object[] {
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line): object => JSON.parse(line))
    .filter((event) => !("event" in event) || !/^(?:opened|closed)$/.test(String(event.event)));
}
