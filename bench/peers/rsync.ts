import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../scripts/support/free-port.ts";
import { serve, without, type Peer } from "../peer.ts";

/** The rsync daemon, which verifies, sending whole files. */
export const rsync: Peer = {
  name: "rsync daemon",
  missing: () => without("rsync"),
  async start(ground) {
    const port = await freePort(0);
    const config = join(ground.path, "rsyncd.conf");
    const root = process.getuid?.() === 0 ? "uid = root\ngid = root\n" : "";
    writeFileSync(
      config,
      `use chroot = no\n${root}address = 127.0.0.1\n[m]\npath = ${ground.served}\nread only = false\n`,
    );
    const flags = [`--config=${config}`, "--no-detach", `--port=${port}`];
    const started = await serve(["rsync", "--daemon", ...flags], port);
    const url = (path: string, to = port): string => `rsync://127.0.0.1:${to}/m/${path}`;
    const rsyncTo = (...args: string[]) => ({ argv: ["rsync", "-W", ...args] });
    return {
      ...started,
      port,
      getFile: (remote, local) => rsyncTo(url(remote), local),
      putFile: (local, remote) => rsyncTo(local, url(remote)),
      getTree: (remote, local, to) => rsyncTo("-rt", url(remote, to), local),
      putTree: (local, remote) => rsyncTo("-rt", local, url(remote)),
      mirror: (remote, local) => rsyncTo("-rt", url(remote), local),
    };
  },
};
