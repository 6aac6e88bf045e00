import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ground } from "../ground.ts";
import { interrupted } from "../interrupted.ts";
import type { Command } from "../measure.ts";
import { ends, type Peer, type Served } from "../peer.ts";

const BINARY = join(import.meta.dir, "../../dist/sftp");

/** Our own program, as users get it. */
export const sftp: Peer = peer("sftp", []);
export const sftpTls: Peer = peer("sftp (TLS)", [
  "--tls",
  "--max-unauthenticated",
  "1000",
  "--login-timeout",
  "600",
]);

function peer(name: string, flags: readonly string[]): Peer {
  return {
    name,
    missing: () => undefined,
    start: (ground) => start(ground, flags),
  };
}

async function start(ground: Ground, flags: readonly string[]): Promise<Served> {
  const state = ground.folder("sftp-state");
  const env = { PATH: "", HOME: "/nonexistent", XDG_STATE_HOME: state };
  const child = Bun.spawn(
    [BINARY, "serve", "--port", "0", "--root", ground.served, ...flags, "--json"],
    {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  ends(child);
  // Both are read on, so that the server never waits for whoever reads its log.
  const port = portOf(child.stdout);
  const pin = flags.length === 0 ? Promise.resolve("") : pinOf(child.stderr);
  const [listening, key] = await Promise.all([port, pin]);
  const address = key === "" ? String(listening) : `127.0.0.1:${listening}#${key}`;
  const connect = (commands: string, to = address): Command => ({
    argv: [BINARY, "connect", to, "--root", ground.here, "-c", commands],
    env: {
      XDG_STATE_HOME: state,
      ...(key === "" ? {} : { SFTP_TOKEN: readFileSync(join(state, "sftp/token"), "utf8").trim() }),
    },
  });
  const getFile = (remote: string, local: string): Command => connect(`GET ${remote} ${local}`);
  return {
    pid: child.pid,
    port: listening,
    getFile,
    leavePart: (remote, local, bytes) =>
      interrupted(getFile(remote, local), ground.here, join(ground.served, remote), bytes),
    putFile: (local, remote) => connect(`PUT ${local} ${remote}`),
    getTree: (remote, local, to) => connect(`GET -r ${remote} ${local}/`, to?.toString()),
    putTree: (local, remote) => connect(`PUT -r ${local} ${remote}/`),
    mirror: (remote, local) => connect(`MIRROR ${remote} ${join(local, remote)}`),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

async function portOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  const found = await follow(stream, /"event":"listening".*"port":(\d+)/);
  return Number(found);
}

function pinOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return follow(stream, /#([\w-]{43})/);
}

/** What a pattern finds in a stream, which is read to its end. */
async function follow(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  const found = Promise.withResolvers<string>();
  const reading = (async () => {
    let text: string | undefined = "";
    for await (const piece of stream) {
      if (text === undefined) continue;
      text += Buffer.from(piece).toString();
      const [, match] = pattern.exec(text) ?? [];
      if (match === undefined) continue;
      text = undefined;
      found.resolve(match);
    }
    throw new Error("sftp serve ended");
  })();
  return Promise.race([found.promise, reading]);
}
