import { $ } from "bun";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { packTar } from "../../scripts/release/pack.ts";
import { checkSize } from "../../scripts/release/sizes.ts";
import { readCommit } from "../../scripts/support/commit.ts";
import { VERSION } from "../../src/cli/version.ts";
import { Transcript } from "../support/transcript.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { hasDebian, NATIVE, whyNoRelease } from "../../scripts/release/native.ts";
import { bareEnvironment, find, HANG_MS, nativeRelease, release, TOP, unpack } from "./made.ts";
import { getAndPut } from "./session.ts";

const no = whyNoRelease();
const because = no === undefined ? "" : ` (${no})`;

describe.skipIf(no !== undefined)(`the archive for this system${because}`, () => {
  let folder: TemporaryFolder;
  let made: string;
  const name = `sftp-${VERSION}-${NATIVE}`;

  beforeAll(async () => {
    folder = new TemporaryFolder();
    made = await nativeRelease();
    await unpack(find(made, ".tar.xz"), folder.join("unpacked"));
    mkdirSync(folder.join("home"));
  }, HANG_MS);

  afterAll(() => folder[Symbol.dispose]());

  test("holds the binary and what goes with it, of nobody in particular", async () => {
    const list = await $`tar -tvJf ${find(made, ".tar.xz")} --numeric-owner`.text();
    const lines = list.trim().split("\n");
    const entries = lines.map((line) => line.split(/\s+/));
    expect(entries.map(([mode, owner, , , , path]) => [mode, owner, path])).toEqual([
      ["drwxr-xr-x", "0/0", `${name}/`],
      ["-rw-r--r--", "0/0", `${name}/LICENSE`],
      ["-rw-r--r--", "0/0", `${name}/README.md`],
      ["-rw-r--r--", "0/0", `${name}/THIRD-PARTY.txt`],
      ["drwxr-xr-x", "0/0", `${name}/completions/`],
      ["-rw-r--r--", "0/0", `${name}/completions/_sftp`],
      ["-rw-r--r--", "0/0", `${name}/completions/sftp.bash`],
      ["-rw-r--r--", "0/0", `${name}/completions/sftp.fish`],
      ["-rwxr-xr-x", "0/0", `${name}/sftp`],
      ["-rw-r--r--", "0/0", `${name}/sftp.1`],
    ]);
    const manual = readFileSync(folder.join("unpacked/sftp.1"));
    expect(manual).toEqual(readFileSync(`${TOP}/docs/sftp.1`));
    // What others have written is there by their licences.
    const notices = readFileSync(folder.join("unpacked/THIRD-PARTY.txt"), "utf8");
    for (const dependency of Object.keys(
      (await Bun.file(`${TOP}/package.json`).json()).dependencies,
    )) {
      expect(notices).toContain(`\n${dependency} `);
    }
    expect(notices).not.toContain("no licence named");
    // One page.
    const page = readFileSync(folder.join("unpacked/README.md"), "utf8").split("\n");
    expect(page.length).toBeLessThan(60);
    expect(page.join("\n")).toContain(`grep ${name}.tar.xz SHA256SUMS | sha256sum -c -`);
  });

  test("has the sums that SHA256SUMS says, in one line each", async () => {
    const checked = await $`sha256sum --strict -c SHA256SUMS`.cwd(made).text();
    const files = readdirSync(made).filter((file) => file !== "SHA256SUMS");
    expect(checked).toBe(
      files
        .toSorted()
        .map((file) => `${file}: OK\n`)
        .join(""),
    );
    const debian = hasDebian() ? [basename(find(made, ".deb"))] : [];
    expect(files.toSorted()).toEqual([`${name}.tar.xz`, ...debian]);
  });

  test("holds the very program that was built here", () => {
    const inArchive = readFileSync(folder.join("unpacked/sftp"));
    expect(inArchive.equals(readFileSync(`${TOP}/dist/sftp`))).toBe(true);
  });

  test("is tried, used and installed as its page says, line by line", async () => {
    const page = readFileSync(folder.join("unpacked/README.md"), "utf8");
    // What stands behind a line, far to the right, says what it does.
    const lines = page
      .split("\n")
      .filter((line) => line.startsWith("    ") && !line.startsWith("    ("))
      .map((line) => line.trim().split(/ {2,}/)[0] ?? "");
    const starting = (start: string): string[] => lines.filter((line) => line.startsWith(start));
    const [serving = "", connecting = "", ...others] = starting("./sftp ");
    expect([serving, connecting, others.length]).toEqual([
      "./sftp serve --port 12000",
      "./sftp connect 12000",
      0,
    ]);
    const install = starting("install ");
    expect(install).toHaveLength(4);
    const typed = lines.filter((line) => /^[A-Z]+\b/.test(line));
    expect(typed).toHaveLength(4);
    expect(lines).toHaveLength(2 + typed.length + install.length);

    const at = folder.join("tried");
    await $`cp -a ${folder.join("unpacked")} ${at}`;
    const env = bareEnvironment(folder.join("tried-home"));
    mkdirSync(folder.join("tried-home"));
    const sh = (line: string, stdin: "ignore" | Blob) =>
      Bun.spawn(["sh", "-c", `exec ${line}`], { cwd: at, env, stdio: [stdin, "pipe", "pipe"] });
    const server = sh(serving.replace("12000", "0"), "ignore");
    try {
      const log = new Transcript();
      void log.follow(server.stderr).then(() => log.end());
      const [, port = ""] = await log.waitFor(/on 127\.0\.0\.1:(\d+)\./);
      const input = new Blob([`${typed.join("\n")}\n`]);
      const client = sh(connecting.replace("12000", port), input);
      const said = await new Response(client.stderr).text();
      expect([said, await client.exited]).toEqual([expect.stringContaining("verified"), 0]);
      for (const copy of ["server/README.md", "client/copy.md"]) {
        expect([copy, readFileSync(join(at, copy), "utf8") === page]).toEqual([copy, true]);
      }
    } finally {
      server.kill("SIGTERM");
      await server.exited;
    }
    for (const line of install) expect([line, await sh(line, "ignore").exited]).toEqual([line, 0]);
    const installed = await $`$HOME/.local/bin/sftp --version`.env(env).text();
    expect(installed).toStartWith(`sftp ${VERSION} (`);
    expect(page.split("\n").filter((line) => line.length > 110)).toEqual([]);
  });

  test(
    "is the same byte for byte, wherever and whenever it is made again",
    async () => {
      const env = {
        TZ: "Pacific/Auckland",
        LC_ALL: "C.UTF-8",
        XZ_OPT: "-9",
        TAR_OPTIONS: "--mode=600",
        HOME: folder.join("home"),
      };
      const umask = process.umask(0o077);
      try {
        await release(NATIVE, folder.join("another/place"), env);
      } finally {
        process.umask(umask);
      }
      for (const file of readdirSync(made)) {
        const [first, second] = [join(made, file), folder.join("another/place", file)];
        expect([file, readFileSync(first).equals(readFileSync(second))]).toEqual([file, true]);
      }
    },
    HANG_MS,
  );

  test("gets a file and puts one, in an empty home, with the system's programs alone", async () => {
    const program = [folder.join("unpacked/sftp")];
    const env = bareEnvironment(folder.join("home"));
    const own = folder.join("session");
    mkdirSync(own);
    await getAndPut({ server: program, client: program, env, folder: own });
  });

  test("runs the whole demonstration there", async () => {
    const env = bareEnvironment(folder.join("home"));
    const program = folder.join("unpacked/sftp");
    const said = await $`${process.execPath} scripts/demo.ts --binary ${program}`
      .cwd(TOP)
      .env({ ...env, TMPDIR: folder.path })
      .text();
    expect(said).toContain("All of it worked.");
    // Its own state, and that of the runtime that shows it.
    const left = readdirSync(folder.join("home")).filter((name) => name !== ".bun");
    expect(left).toEqual([".local"]);
  });

  test("tells version, commit and Bun's version", async () => {
    const said = await $`${folder.join("unpacked/sftp")} --version`.text();
    const { name: commit } = await readCommit();
    expect(said).toBe(`sftp ${VERSION} (${commit}, Bun ${Bun.version})\n`);
    expect(commit).toMatch(/^(?:[0-9a-f]{7}\+?|no commit)$/);
  });

  // It takes two minutes of two processors.
  test.skipIf(NATIVE !== "linux-x64" || process.env["SFTP_BIG_TESTS"] !== "1")(
    "is under 42 MB as it is released (skipped unless SFTP_BIG_TESTS=1)",
    async () => {
      await unpack(find(made, ".tar.xz"), folder.join("best", name));
      const packed = folder.join("best.tar.xz");
      await packTar(folder.join("best"), name, packed, { time: 0, effort: "best", x86: true });
      checkSize(`${name}.tar.xz`, statSync(packed).size);
    },
    HANG_MS,
  );
});
