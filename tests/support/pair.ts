import { ServerProcess, TemporaryFolder, run, type Ran, type RunOptions } from "./programs.ts";
import { contentsOf, writeTree } from "./trees.ts";

type Files = Readonly<Record<string, string>>;

/** A server and a client's folder with files in both, for commands that move many. */
export class Pair implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly server: ServerProcess;

  private constructor(folder: TemporaryFolder, server: ServerProcess) {
    this.folder = folder;
    this.server = server;
  }

  static async start(files: { readonly there?: Files; readonly here?: Files }): Promise<Pair> {
    const folder = new TemporaryFolder();
    writeTree(folder.join("server"), files.there ?? {});
    writeTree(folder.join("client"), files.here ?? {});
    return new Pair(folder, await ServerProcess.start(folder.join("server")));
  }

  /** A path on the server's side. */
  there(...parts: string[]): string {
    return this.folder.join("server", ...parts);
  }

  /** A path in the client's folder. */
  here(...parts: string[]): string {
    return this.folder.join("client", ...parts);
  }

  /** What the server holds: contents by path. */
  get served(): Record<string, string> {
    return contentsOf(this.there());
  }

  /** What the client's folder holds. */
  get held(): Record<string, string> {
    return contentsOf(this.here());
  }

  /** Runs commands in a client of their own. */
  run(commands: string, flags: readonly string[] = [], options: RunOptions = {}): Promise<Ran> {
    return this.runAt(this.server.port, commands, flags, options);
  }

  /** The same by way of another port, such as a proxy's. */
  runAt(
    port: number,
    commands: string,
    flags: readonly string[] = [],
    options: RunOptions = {},
  ): Promise<Ran> {
    const args = ["connect", String(port), "--root", this.here(), "-c", commands, ...flags];
    return run(args, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}
