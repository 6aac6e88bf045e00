import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../scripts/support/free-port.ts";
import { serve, without, type Peer } from "../peer.ts";

/** vsftpd, which verifies nothing and encrypts nothing, with lftp. */
export const vsftpd: Peer = {
  name: "vsftpd + lftp",
  missing: () =>
    process.getuid?.() === 0 ? without("vsftpd", "lftp") : "vsftpd has to be started by root",
  async start(ground) {
    const port = await freePort(0);
    const config = join(ground.path, "vsftpd.conf");
    const empty = "/var/run/vsftpd/empty";
    mkdirSync(empty, { recursive: true });
    const uploads = ground.folder("served/uploads");
    // It serves nobody a root that may be written to.
    chmodSync(ground.path, 0o755);
    chmodSync(ground.served, 0o755);
    chmodSync(uploads, 0o777);
    const lines = {
      listen: "YES",
      listen_address: "127.0.0.1",
      listen_port: port,
      background: "NO",
      anonymous_enable: "YES",
      local_enable: "NO",
      anon_root: ground.served,
      no_anon_password: "YES",
      write_enable: "YES",
      anon_upload_enable: "YES",
      anon_mkdir_write_enable: "YES",
      use_sendfile: "YES",
      xferlog_enable: "NO",
      seccomp_sandbox: "NO",
      max_clients: 0,
      max_per_ip: 0,
      secure_chroot_dir: empty,
    };
    writeFileSync(
      config,
      Object.entries(lines)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
    );
    const started = await serve(["vsftpd", config], port);
    const lftp = (commands: string) => ({
      argv: ["lftp", "--norc", "-c", `open -p ${port} 127.0.0.1; ${commands}`],
    });
    return {
      ...started,
      port,
      getFile: (remote, local) => lftp(`get ${remote} -o ${local}`),
      putFile: (local, remote) => lftp(`put ${local} -o uploads/${remote}`),
      getTree: (remote, local) => lftp(`mirror -P 8 ${remote} ${join(local, remote)}`),
    };
  },
};
