import { createConnection } from "node:net";
import type { Ground } from "./ground.ts";
import type { Command } from "./measure.ts";

/** A program that moves files, set up as its makers would want it. */
export interface Peer {
  readonly name: string;
  /** Why it cannot be run here; `undefined` where it can. */
  missing(): string | undefined;
  /** Starts its server. */
  start(ground: Ground): Promise<Served>;
}

/** A peer whose server runs. What it cannot do is left out. */
export interface Served extends AsyncDisposable {
  /** The server; left out where there is none. */
  readonly pid?: number;
  readonly port?: number;
  /** @param remote from what is served; `local` is a path that is not there yet, as in all of these */
  getFile?(remote: string, local: string): Command;
  putFile?(local: string, remote: string): Command;
  /**
   * Gets a folder into another, which is there.
   * @param port a way round to the server
   */
  getTree?(remote: string, local: string, port?: number): Command;
  putTree?(local: string, remote: string): Command;
  /** Goes on with what `leavePart` has left; as `getFile` where it is left out. */
  resumeFile?(remote: string, local: string): Command;
  /** Has so many bytes of a file here, as a GET that was interrupted leaves them. */
  leavePart?(remote: string, local: string, bytes: number): Promise<void>;
  /** Makes what an earlier `getTree` has brought what the server has now. */
  mirror?(remote: string, local: string): Command;
}

/** Why a peer cannot be run: which of its programs are not there. */
export function without(...programs: readonly string[]): string | undefined {
  const missing = programs.filter((program) => whichOf(program) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(" and ")} not installed`;
}

/** The path of a program, those for administrators included. */
export function whichOf(program: string): string | undefined {
  return Bun.which(program, { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }) ?? undefined;
}

const servers = new Set<Bun.Subprocess>();

/** Ends all servers at once, where the benchmark is stopped. */
export function endServers(): void {
  for (const server of servers) server.kill("SIGTERM");
}

/** Has a server ended with the benchmark. */
export function ends(server: Bun.Subprocess): void {
  servers.add(server);
}

/** A server that was started. */
export interface Started extends AsyncDisposable {
  readonly pid: number;
}

/** Starts a server, and waits until it takes connections. */
export async function serve(argv: readonly string[], port: number): Promise<Started> {
  const [program = "", ...rest] = argv;
  const child = Bun.spawn([whichOf(program) ?? program, ...rest], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  ends(child);
  const said = new Response(child.stderr).text();
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${(await said).trim()}`);
    await Bun.sleep(20);
  }
  return {
    pid: child.pid,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
