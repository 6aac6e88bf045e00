import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../scripts/support/free-port.ts";
import { serve, whichOf, without, type Peer } from "../peer.ts";

/** OpenSSH's sftp with the cipher that is fastest where the processor knows AES. */
export const openssh: Peer = {
  name: "OpenSSH sftp",
  missing: () => without("sshd", "sftp", "ssh-keygen"),
  async start(ground) {
    const port = await freePort(0);
    const folder = ground.folder("openssh");
    for (const name of ["host", "user"]) {
      Bun.spawnSync(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    }
    const config = join(folder, "sshd_config");
    writeFileSync(
      config,
      `Port ${port}
ListenAddress 127.0.0.1
HostKey ${folder}/host
AuthorizedKeysFile ${folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
LogLevel QUIET
MaxStartups 10000
LoginGraceTime 600
Subsystem sftp internal-sftp
`,
    );
    const started = await serve([whichOf("sshd") ?? "sshd", "-D", "-f", config], port);
    const options = ["Ciphers=aes128-gcm@openssh.com", "StrictHostKeyChecking=no"];
    options.push("UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes");
    const flags = ["-q", "-b", "-", "-P", String(port), "-i", join(folder, "user")];
    flags.push(...options.flatMap((option) => ["-o", option]));
    const sftp = (input: string) => ({
      argv: ["sftp", ...flags, "127.0.0.1"],
      input: `${input}\n`,
    });
    const served = (path: string): string => join(ground.served, path);
    return {
      ...started,
      port,
      getFile: (remote, local) => sftp(`get ${served(remote)} ${local}`),
      putFile: (local, remote) => sftp(`put ${local} ${served(remote)}`),
      getTree: (remote, local) => sftp(`get -r ${served(remote)} ${local}`),
      putTree: (local, remote) => sftp(`put -r ${local} ${served(remote)}`),
    };
  },
};
