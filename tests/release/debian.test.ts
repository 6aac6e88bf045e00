import { $ } from "bun";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { VERSION } from "../../src/cli/version.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { filesUnder, write } from "../support/files.ts";
import { hasDebian, whyNoRelease } from "../../scripts/release/native.ts";
import { bareEnvironment, find, HANG_MS, nativeRelease } from "./made.ts";
import { getAndPut } from "./session.ts";

/** A system with a C library, and with OpenSSH's client, as far as dpkg is concerned. */
const STATUS = ["libc6 2.36-9", "openssh-client 1:9.2p1-2"]
  .map((package_) => package_.split(" "))
  .map(
    ([name, version]) => `Package: ${name}
Status: install ok installed
Maintainer: nobody
Architecture: ${process.arch === "x64" ? "amd64" : process.arch}
Version: ${version}
Description: stands for the real one
`,
  )
  .join("\n");

const no =
  whyNoRelease() ??
  (hasDebian() ? undefined : "there is none for this system") ??
  (Bun.which("dpkg") === null ? "needs dpkg" : undefined) ??
  (process.getuid?.() === 0 ? undefined : "needs root");
const because = no === undefined ? "" : ` (${no})`;

describe.skipIf(no !== undefined)(`the Debian package${because}`, () => {
  let folder: TemporaryFolder;
  let packed: string;

  const dpkg = (...args: string[]) => $`dpkg --root=${folder.join("system")} ${args}`.quiet();

  beforeAll(async () => {
    folder = new TemporaryFolder();
    packed = find(await nativeRelease(), ".deb");
    write(folder.join("system/var/lib/dpkg/status"), STATUS);
    for (const name of ["libc6", "openssh-client"]) {
      const list = name === "libc6" ? "/.\n" : "/.\n/usr\n/usr/bin\n/usr/bin/sftp\n";
      write(folder.join(`system/var/lib/dpkg/info/${name}.list`), list);
    }
    write(folder.join("system/usr/bin/sftp"), "OpenSSH's\n");
    mkdirSync(folder.join("system/var/lib/dpkg/updates"));
    mkdirSync(folder.join("home"));
  }, HANG_MS);

  afterAll(() => folder[Symbol.dispose]());

  test("is installed beside OpenSSH's client, used, and removed without a trace", async () => {
    const system = folder.join("system");
    const before = filesUnder(system).filter((name) => !name.includes("/dpkg/"));
    await dpkg("-i", packed);
    expect((await dpkg("-s", "simple-ftp")).stdout.toString()).toContain(`Version: ${VERSION}\n`);
    expect((await dpkg("--verify", "simple-ftp")).stdout.toString()).toBe("");

    const program = [`${system}/usr/bin/simple-sftp`];
    const said = await $`${program} --version`.text();
    expect(said).toStartWith(`sftp ${VERSION} (`);
    const help = await $`${program} --help && ${program} serve --help`.text();
    expect(help).toContain("\n  simple-sftp connect 12000 ");
    expect(help).toContain("\nUsage: simple-sftp serve ");
    expect(help).not.toMatch(/(?<!simple-)sftp (?:serve|connect|help|user)/);
    const env = bareEnvironment(folder.join("home"));
    mkdirSync(folder.join("session"));
    await getAndPut({ server: program, client: program, env, folder: folder.join("session") });
    // By the name of its own folder it can be had as sftp, too.
    const path = { ...env, PATH: `${system}/usr/lib/simple-ftp:${env["PATH"]}` };
    expect(await $`sftp --version`.env(path).text()).toBe(said);

    await dpkg("-r", "simple-ftp");
    expect(filesUnder(system).filter((name) => !name.includes("/dpkg/"))).toEqual(before);
    expect(readFileSync(`${system}/usr/bin/sftp`, "utf8")).toBe("OpenSSH's\n");
  });

  test("completes and documents the program by the name that it has there", async () => {
    const at = folder.join("unpacked");
    await $`dpkg-deb -x ${packed} ${at}`;
    const script = 'source "$1"; complete -p simple-sftp; complete -p sftp 2>/dev/null || true';
    const completions = `${at}/usr/share/bash-completion/completions/simple-sftp`;
    const bash = await $`bash --norc -c ${script} bash ${completions}`.text();
    expect(bash).toBe("complete -F _simple_ftp simple-sftp\n");
    const zsh = readFileSync(`${at}/usr/share/zsh/vendor-completions/_simple-sftp`, "utf8");
    expect(zsh).toStartWith("#compdef simple-sftp\n");
    expect(zsh).toContain("== _simple-sftp ]]");
    expect(zsh).toContain("~/.config/sftp/config.toml");
    const manual = await $`gzip -dc ${at}/usr/share/man/man1/simple-sftp.1.gz`.text();
    expect(manual).toContain("\n.SH NAME\nsimple-sftp \\- ");
    expect(manual).toContain("OpenSSH\\(aqs sftp");
    expect(manual).not.toMatch(/(?<!OpenSSH.*)[ "B]sftp (?:serve|connect)/);
  });
});
