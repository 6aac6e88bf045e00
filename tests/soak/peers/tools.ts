import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { deadPort } from "../../support/ports.ts";
import { BINARY, cleanEnvironment, type TemporaryFolder } from "../../support/programs.ts";

export type Verb = "PUT" | "GET";

/** How a client is started. */
export interface Call {
  readonly argv: readonly string[];
  readonly input?: string;
  readonly env?: Record<string, string>;
}

/** A program that moves files, with its server. Files lie in `server` and `client` of a folder. */
export interface Tool {
  readonly name: string;
  /** Programs without which it cannot be tried. */
  readonly needs: readonly string[];
  /** What starts its server. */
  serve(folder: TemporaryFolder, port: number): Call;
  /** What moves the file `f`; `again` where something may be there to go on with. */
  move(verb: Verb, folder: TemporaryFolder, port: number, again: boolean): Call;
}

/** A client goes on by itself after a cut, which tests do without. */
function asUsersHaveIt(environment: Record<string, string>): Record<string, string> {
  const { SFTP_RETRIES: _, ...rest } = environment;
  return rest;
}

const simple: Tool = {
  name: "Simple FTP",
  needs: [],
  serve: (folder, port) => ({
    argv: [BINARY, "serve", "--port", String(port), "--root", folder.join("server")],
    env: cleanEnvironment({ XDG_STATE_HOME: folder.join("state") }),
  }),
  move: (verb, folder, port) => ({
    argv: [BINARY, "connect", String(port), "--root", folder.join("client"), "-c", `${verb} f`],
    env: asUsersHaveIt(cleanEnvironment({ XDG_STATE_HOME: folder.join("state") })),
  }),
};

const openssh: Tool = {
  name: "OpenSSH sftp",
  needs: ["/usr/sbin/sshd", "/usr/bin/sftp", "ssh-keygen"],
  serve(folder, port) {
    const key = folder.join("key");
    if (!existsSync(key)) {
      Bun.spawnSync(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
      Bun.spawnSync(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder.join("host")]);
      mkdirSync("/run/sshd", { recursive: true });
    }
    const config = [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${folder.join("host")}`,
      `AuthorizedKeysFile ${key}.pub`,
      "StrictModes no",
      "PermitRootLogin yes",
      "UsePAM no",
      "PidFile none",
      "Subsystem sftp internal-sftp",
    ];
    writeFileSync(folder.join("sshd_config"), `${config.join("\n")}\n`);
    return { argv: ["/usr/sbin/sshd", "-D", "-e", "-f", folder.join("sshd_config")] };
  },
  move(verb, folder, port, again) {
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"];
    const flags = options.flatMap((option) => ["-o", option]);
    const [from, to] = verb === "PUT" ? ["client", "server"] : ["server", "client"];
    const how = again ? " -a" : "";
    const as = ["-i", folder.join("key"), "-b", "-"];
    return {
      argv: ["/usr/bin/sftp", ...flags, "-q", "-P", String(port), ...as, "root@127.0.0.1"],
      input: `${verb.toLowerCase()}${how} ${folder.join(from, "f")} ${folder.join(to, "f")}\n`,
    };
  },
};

const vsftpd: Tool = {
  name: "vsftpd with lftp",
  needs: ["/usr/sbin/vsftpd", "lftp"],
  serve(folder, port) {
    mkdirSync(folder.join("empty"), { recursive: true });
    const config = {
      listen: "YES",
      listen_ipv6: "NO",
      listen_address: "127.0.0.1",
      listen_port: String(port),
      background: "NO",
      anonymous_enable: "YES",
      no_anon_password: "YES",
      anon_root: folder.path,
      write_enable: "YES",
      anon_upload_enable: "YES",
      anon_other_write_enable: "YES",
      anon_umask: "022",
      seccomp_sandbox: "NO",
      secure_chroot_dir: folder.join("empty"),
    };
    const lines = Object.entries(config).map(([key, value]) => `${key}=${value}`);
    writeFileSync(folder.join("vsftpd.conf"), `${lines.join("\n")}\n`);
    // Its sessions run as another user.
    chmodSync(folder.path, 0o755);
    Bun.spawnSync(["chown", "-R", "ftp", folder.join("server")]);
    return { argv: ["/usr/sbin/vsftpd", folder.join("vsftpd.conf")] };
  },
  move(verb, folder, port, again) {
    const how = again ? " -c" : "";
    const command =
      verb === "PUT"
        ? `put${how} ${folder.join("client/f")} -o server/f`
        : `get${how} server/f -o ${folder.join("client/f")}`;
    const set =
      "set net:max-retries 1; set net:timeout 10; set xfer:clobber on; set cmd:fail-exit on";
    return {
      argv: ["lftp", "-c", `${set}; open -p ${port} 127.0.0.1; ${command}`],
      env: { PATH: process.env["PATH"] ?? "", HOME: folder.path },
    };
  },
};

function rsync(name: string, flags: readonly string[]): Tool {
  return {
    name,
    needs: ["rsync"],
    serve(folder, port) {
      const lines = ["use chroot = no", "[m]", `path = ${folder.join("server")}`];
      const config = [...lines, "read only = no", "uid = 0", "gid = 0"];
      writeFileSync(folder.join("rsyncd.conf"), `${config.join("\n")}\n`);
      const where = ["--address=127.0.0.1", `--port=${port}`];
      const argv = ["rsync", "--daemon", "--no-detach", ...where];
      return { argv: [...argv, `--config=${folder.join("rsyncd.conf")}`] };
    },
    move(verb, folder, port) {
      const there = `rsync://127.0.0.1:${port}/m/f`;
      const here = folder.join("client/f");
      const [from, to] = verb === "PUT" ? [here, there] : [there, here];
      return { argv: ["rsync", ...flags, from, to] };
    },
  };
}

const ALL: readonly Tool[] = [
  simple,
  openssh,
  vsftpd,
  rsync("rsync -a", ["-a"]),
  rsync("rsync -a --partial", ["-a", "--partial"]),
];

/** The tools that are installed here. */
export const TOOLS = ALL.filter(({ needs }) =>
  needs.every((program) => existsSync(program) || Bun.which(program) !== null),
);

/** A server that runs. */
export interface Service {
  readonly process: Bun.Subprocess;
  readonly port: number;
}

/** Starts a tool's server and waits until it takes connections. */
export async function startService(tool: Tool, folder: TemporaryFolder): Promise<Service> {
  const port = await deadPort();
  const { argv, env } = tool.serve(folder, port);
  const child = Bun.spawn([...argv], {
    stdio: ["ignore", "ignore", "ignore"],
    ...(env && { env }),
  });
  for (;;) {
    if (await answers(port)) return { process: child, port };
    if (child.exitCode !== null) throw new Error(`${argv.join(" ")} ended with ${child.exitCode}`);
    await Bun.sleep(5);
  }
}

function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: "127.0.0.1", port });
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  return promise.finally(() => socket.destroy());
}
