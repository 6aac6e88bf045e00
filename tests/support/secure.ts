import { existsSync, readFileSync } from "node:fs";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { ScramClient } from "../../src/security/scram.ts";
import { run, ServerProcess, TemporaryFolder, type Ran } from "./programs.ts";
import { RawClient } from "./raw-client.ts";

export const MECHANISM = "SCRAM-SHA-256-PLUS";

export interface ClientOptions {
  /** What `SFTP_TOKEN` holds; nothing where undefined. */
  readonly token: string | undefined;
  readonly env?: Record<string, string>;
  readonly input?: string;
}

/** A server that encrypts and asks for a login, and homes for it and for clients. */
export class SecureScene implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly server: ServerProcess;
  /** The PIN of the server's key. */
  readonly pin: string;

  private constructor(folder: TemporaryFolder, server: ServerProcess, pin: string) {
    this.folder = folder;
    this.server = server;
    this.pin = pin;
  }

  static async start(
    flags: readonly string[] = ["--tls"],
    folder = new TemporaryFolder(),
  ): Promise<SecureScene> {
    const env = { XDG_STATE_HOME: folder.join("server-state") };
    const server = await ServerProcess.start(folder.join("server"), flags, { env });
    const [, pin = ""] = await server.waitFor(/#([\w-]{43})\n/);
    await server.waitFor(/token is in|users? may log in/);
    return new SecureScene(folder, server, pin);
  }

  get port(): number {
    return this.server.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The address with the PIN. */
  get pinned(): string {
    return `${this.address}#${this.pin}`;
  }

  get token(): string {
    return readFileSync(this.folder.join("server-state/sftp/token"), "utf8").trim();
  }

  /** What clients keep of servers; empty where they keep nothing. */
  get knownHosts(): string {
    const file = this.folder.join("client-state/sftp/known_hosts");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** Runs a client with the token. */
  connect(address: string, commands: string, ...flags: string[]): Promise<Ran> {
    return this.connectWith({ token: this.token }, address, commands, ...flags);
  }

  connectWith(
    { token, env, input }: ClientOptions,
    address: string,
    commands: string,
    ...flags: string[]
  ): Promise<Ran> {
    const root = this.folder.join("client");
    return run(["connect", address, "--root", root, "-c", commands, ...flags], {
      env: {
        XDG_STATE_HOME: this.folder.join("client-state"),
        ...(token === undefined ? {} : { SFTP_TOKEN: token }),
        ...env,
      },
      ...(input === undefined ? {} : { input }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

/** A conversation byte by byte, over TLS. */
export class SecureClient implements Disposable {
  readonly raw: RawClient;
  readonly #socket: TLSSocket;

  private constructor(socket: TLSSocket, raw: RawClient) {
    this.#socket = socket;
    this.raw = raw;
  }

  /** Connects and reads the greeting. Rejects where the server does not want the handshake. */
  static async open(port: number, options: ConnectionOptions = {}): Promise<SecureClient> {
    const all = {
      host: "127.0.0.1",
      port,
      ALPNProtocols: ["simpleftp/1"],
      rejectUnauthorized: false,
      allowHalfOpen: true,
      ...options,
    };
    const socket = connect(all);
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed")));
    });
    return new SecureClient(socket, await RawClient.over(socket));
  }

  /** What binds a login to this connection. */
  get binding(): Uint8Array {
    return this.#socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  }

  /** Logs in, as far as the server lets it. Gives the last reply. */
  async logIn(user: string, secret: string, binding = this.binding): Promise<string> {
    const scram = new ScramClient(user, secret, binding);
    const begun = await this.authenticate(scram.first(), MECHANISM);
    const [, data] = /^334 data=(\S+)$/.exec(begun) ?? [];
    if (data === undefined) return begun;
    return this.authenticate(await scram.final(Buffer.from(data, "base64url").toString()));
  }

  /** Sends an AUTH. Gives the reply. */
  authenticate(message: string, mechanism?: string): Promise<string> {
    const how = mechanism === undefined ? "" : ` mechanism=${mechanism}`;
    const data = Buffer.from(message).toString("base64url");
    return this.raw.sendLine(`AUTH${how} data=${data}`).reply();
  }

  [Symbol.dispose](): void {
    this.raw[Symbol.dispose]();
  }
}
