import { join } from "node:path";
import { $ } from "bun";
import { copyFileSync, truncateSync } from "node:fs";
import { certificateIn } from "../certificate.ts";
import { ends, without, type Peer } from "../peer.ts";

/**
 * A program of the same runtime that does nothing but the work, in the fewest calls: digests as ours
 * does and an atomic rename, but no questions, no limits, no second client's needs, no going on. What
 * it takes is the least that ours could take.
 */
export const bare: Peer = peer("a bare program (the limit)", false);
export const bareTls: Peer = peer("a bare program (the limit, TLS)", true);

function peer(name: string, tls: boolean): Peer {
  return {
    name,
    missing: () => (tls ? without("openssl") : undefined),
    async start(ground) {
      const program = join(ground.path, "bare");
      const source = join(import.meta.dir, "../bare/main.ts");
      const flags = ["--minify", "--bytecode", "--format=esm", "--no-compile-autoload-dotenv"];
      await $`${process.execPath} build --compile ${flags} --outfile ${program} ${source}`.quiet();
      const { key, certificate } = tls
        ? certificateIn(ground.folder("bare-tls"))
        : { key: "", certificate: "" };
      const secured = tls ? [key, certificate] : [];
      const child = Bun.spawn([program, "serve", ground.served, ...secured], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      ends(child);
      const reader = child.stdout.getReader();
      const { value } = await reader.read();
      const port = Number(Buffer.from(value ?? []).toString());
      const ask = (work: string, remote: string, local: string) => ({
        argv: [program, work, String(port), remote, local, ...(tls ? ["tls"] : [])],
      });
      return {
        pid: child.pid,
        port,
        getFile: (remote, local) => ask("get", remote, local),
        putFile: (local, remote) => ask("put", remote, local),
        getTree: (remote, local, to = port) => ({
          argv: [program, "get-tree", String(to), remote, join(local, remote)],
        }),
        putTree: (local, remote) => ask("put-tree", `${remote}/small`, local),
        mirror: (remote, local) => ask("mirror", remote, join(local, remote)),
        resumeFile: (remote, local) => ask("resume", remote, local),
        async leavePart(remote, local, bytes) {
          copyFileSync(join(ground.served, remote), local);
          truncateSync(local, bytes);
        },
        [Symbol.asyncDispose]: async () => {
          child.kill("SIGTERM");
          await child.exited;
        },
      };
    },
  };
}
