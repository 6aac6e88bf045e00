import { $ } from "bun";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { BINARY, cleanEnvironment, run, TemporaryFolder } from "../support/programs.ts";
import { write } from "../support/files.ts";
import { Transcript } from "../support/transcript.ts";

const TOP = join(import.meta.dir, "../..");
const ZIP = join(TOP, "dist/submission.zip");
const no = Bun.which("unzip") === null ? " (needs unzip)" : "";

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = new TemporaryFolder();
  if (no !== "") return;
  const made = statSync(ZIP, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (made <= statSync(BINARY).mtimeMs) {
    const child = Bun.spawn([process.execPath, "scripts/submission.ts"], {
      cwd: TOP,
      stdio: ["ignore", "ignore", "inherit"],
    });
    expect(await child.exited).toBe(0);
  }
  await $`unzip -q ${ZIP} -d ${folder.path}`.quiet();
}, 120_000);

afterAll(() => folder[Symbol.dispose]());

/** Starts a launcher, from another folder than its own. */
function launch(name: string, args: readonly string[], env: Record<string, string> = {}) {
  return Bun.spawn([folder.join(name), ...args], {
    cwd: "/",
    env: cleanEnvironment({ PATH: "/usr/bin:/bin", ...env }),
    stdio: ["pipe", "pipe", "pipe"],
  });
}

describe.skipIf(no !== "")(`the submission${no}`, () => {
  test("has all that the exercise asks for at its top", () => {
    const names = `START.html client.sh server.sh client.cmd server.cmd client/hello.txt
      server/welcome.txt screens/client.svg screens/server.svg source/src/main.ts
      source/package.json source/bun.lock source/COMMIT source/scripts/build.ts`;
    for (const name of names.split(/\s+/)) {
      expect([name, existsSync(folder.join(name))]).toEqual([name, true]);
    }
  });

  test("has launchers for Windows whose lines end as they must there", () => {
    for (const name of ["client.cmd", "server.cmd"]) {
      const lines = readFileSync(folder.join(name), "utf8").split("\n");
      expect(lines.pop()).toBe("");
      expect(lines.filter((line) => !line.endsWith("\r"))).toEqual([]);
    }
  });

  // Nothing here can run them; cmd's shift does not change what %* stands for.
  test("has launchers for Windows that hand on all that they are given", () => {
    const lines = (name: string) =>
      readFileSync(folder.join(name), "utf8")
        .split("\r\n")
        .filter((line) => line.startsWith('"%PROGRAM%" '));
    expect(lines("client.cmd")).toEqual(['"%PROGRAM%" connect --root "%HERE%client" %*']);
    expect(lines("server.cmd")).toEqual([
      '"%PROGRAM%" serve --root "%HERE%server" --port %*',
      '"%PROGRAM%" serve --root "%HERE%server" %*',
    ]);
  });

  test("hands on what is given behind the port", async () => {
    const server = launch("server.sh", ["0", "--root", folder.join("served elsewhere")]);
    const log = new Transcript();
    const followed = log.follow(server.stderr).then(() => log.end());
    await log.waitFor(/Serving \S*served elsewhere on 127\.0\.0\.1:\d+\./);
    server.kill("SIGTERM");
    await followed;
    expect(await server.exited).toBe(0);
  });

  test("moves files with the five commands, as its page says", async () => {
    const server = launch("server.sh", ["0"]);
    const log = new Transcript();
    const followed = log.follow(server.stderr).then(() => log.end());
    const [, port] = await log.waitFor(/on 127\.0\.0\.1:(\d+)\./);
    try {
      const client = launch("client.sh", []);
      void client.stdin.write(`OPEN ${port}\nGET welcome.txt\nPUT hello.txt\nCLOSE\nQUIT\n`);
      await client.stdin.end();
      const said = await new Response(client.stderr).text();
      expect([await client.exited, said.match(/, verified$/gm)?.length]).toEqual([0, 2]);
      for (const name of ["welcome.txt", "hello.txt"]) {
        const [here, there] = [folder.join("client", name), folder.join("server", name)];
        expect(readFileSync(here)).toEqual(readFileSync(there));
      }
    } finally {
      server.kill("SIGTERM");
      await followed;
    }
    expect(await server.exited).toBe(0);
  });

  test("opens an address that client.sh is given", async () => {
    const client = launch("client.sh", ["127.0.0.1:1"]);
    const said = await new Response(client.stderr).text();
    expect(said).toContain("127.0.0.1:1");
    expect(await client.exited).toBe(3);
  });

  test("builds the program itself on a system that it has none for, and keeps the commit", async () => {
    write(folder.join("other/npm"), `#!/bin/sh\necho "npm $*"\nexec "$BUN" scripts/build.ts\n`);
    chmodSync(folder.join("other/npm"), 0o755);
    symlinkSync(join(TOP, "node_modules"), folder.join("source/node_modules"));
    renameSync(folder.join("bin"), folder.join("put-away"));
    const env = { PATH: `${folder.join("other")}:/usr/bin:/bin`, BUN: process.execPath };
    try {
      const client = launch("client.sh", ["-c", "HELP"], env);
      const said = await new Response(client.stderr).text();
      expect(said).toContain("There is no program for this system (");
      expect(said).toContain("npm run build");
      expect(await client.exited).toBe(0);
      const built = folder.join("source/dist/sftp");
      const { stdout } = Bun.spawnSync([built, "--version"], { env: cleanEnvironment() });
      expect(stdout.toString()).toBe((await run(["--version"])).stdout);
    } finally {
      renameSync(folder.join("put-away"), folder.join("bin"));
      rmSync(folder.join("source/dist"), { recursive: true, force: true });
    }
  });

  test("says what to do where it has no program and nothing can build one", async () => {
    write(folder.join("other/uname"), "#!/bin/sh\n[ $1 = -s ] && echo Plan9 || echo mips\n");
    for (const tool of ["dirname", "cat"]) {
      symlinkSync(Bun.which(tool) ?? "", folder.join("other", tool));
    }
    rmSync(folder.join("other/npm"), { force: true });
    chmodSync(folder.join("other/uname"), 0o755);
    for (const name of ["client.sh", "server.sh"]) {
      const launched = launch(name, [], { PATH: folder.join("other") });
      const said = await new Response(launched.stderr).text();
      expect(said).toContain("no program for this system (Plan9-mips)");
      expect(said).toContain("Install Node (with npm) or Bun");
      expect(said).toContain("bin/sftp-Plan9-mips");
      expect(await launched.exited).toBe(1);
    }
  });
});
