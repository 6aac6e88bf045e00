import { expect, test } from "bun:test";
import { mkdirSync, utimesSync } from "node:fs";
import { publishedUnder, until, write, writeRandom } from "../../support/files.ts";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { goodFile, GREETING, HostileServer } from "../../support/hostile-server.ts";
import { run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { SlowProxy } from "../../support/slow-proxy.ts";
import { StallingProxy } from "../../support/proxy.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { block } from "../../support/wire.ts";

const MIB = 1024 * 1024;
const CTRL_C = "\u0003";
const ESC = "\u001b";

interface Scene extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly proxy: StallingProxy;
  /** `sftp connect` in a terminal of so many columns. */
  readonly connect: (
    columns: number,
    flags: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => TerminalProgram;
}

/** A server whose network is held still behind so many bytes, to the client where that is not said. */
async function stalling(
  limits: number | { readonly toServer?: number; readonly toClient?: number },
  prepare: (folder: TemporaryFolder) => void,
): Promise<Scene> {
  const folder = new TemporaryFolder();
  prepare(folder);
  const server = await ServerProcess.start(folder.join("server"));
  const proxy = await StallingProxy.start(
    server.port,
    typeof limits === "number" ? { toClient: limits } : limits,
  );
  return {
    folder,
    proxy,
    connect: (columns, flags, env = {}) =>
      new TerminalProgram(["connect", String(proxy.port), ...flags], folder.path, {
        columns,
        env,
      }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** Waits until another client, which began later, shows how far it is and that it has stalled. */
async function showing(scene: Scene): Promise<void> {
  await scene.proxy.stalled;
  await using other = scene.connect(80, ["--root", "other", "-c", "GET big"]);
  await other.waitToSee(/^big .* stalled/m);
}

const widest = (text: string): number =>
  Math.max(...text.split("\n").map((line) => Bun.stringWidth(line)));

test("one file has one line: name, bar, bytes, share, and stalled when nothing moves", async () => {
  await using scene = await stalling(4 * MIB, (folder) => {
    writeRandom(folder.join("server/report.bin"), 8 * MIB);
  });
  await using shell = scene.connect(100, ["-c", "GET report.bin"]);
  await shell.waitToSee(/^report\.bin +━+─+ +(?:3\.\d|4\.0) MiB \/ 8\.0 MiB +(?:4\d|50)%/m);
  await shell.waitToSee(/^report\.bin .* stalled for 0:0\d/m);
  expect(shell.seen.split("\n")).toHaveLength(2);
  expect(widest(shell.seen)).toBeLessThan(100);
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^Closed [^]*\.$/m);
  // Nothing of it is left.
  const receipt = /^Connected to \S+\.\nGET report\.bin: 8\.0 MiB in .*, verified\nClosed .*\.$/;
  expect(shell.seen).toMatch(receipt);
});

test("many files have two lines: the file that comes, and all of them", async () => {
  await using scene = await stalling(3 * MIB, (folder) => {
    for (let i = 0; i < 40; i++) writeRandom(folder.join(`server/photos/${i}.jpg`), 0.1 * MIB);
    writeRandom(folder.join("server/photos/z.jpg"), 2 * MIB);
  });
  await using shell = scene.connect(100, ["-c", "GET -r photos"]);
  const line =
    /^photos\/\S+\.jpg .*\n(\d+)\/41 files +━+─+ +(\S+ \S+) \/ 6\.0 MiB +(\d+)% .*stalled/m;
  const [, done, bytes, share] = await shell.waitToSee(line);
  expect(Number(done)).toBeGreaterThan(5);
  expect(Number(done)).toBeLessThan(41);
  expect(bytes).toMatch(/^2\.\d MiB$/);
  expect(Number(share)).toBeGreaterThan(33);
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^Closed [^]*\.$/m);
  expect(shell.seen).toMatch(/\.\nGET photos: 41 files, 6\.0 MiB in .*\nClosed/);
  expect(publishedUnder(scene.folder.join("client"))).toHaveLength(41);
});

test("of files that were named no share of all is told before each has told its size", async () => {
  await using scene = await stalling(3 * MIB, (folder) => {
    for (const name of ["a", "b", "c"]) writeRandom(folder.join("server", name), 2 * MIB);
  });
  await using shell = scene.connect(100, ["-c", "GET a b c all/"]);
  await shell.waitToSee(
    /^[abc] +━+─+ .* (?:3\d|4\d|50)%.*\n1\/3 files +─+ +(?:2\.\d|3\.0) MiB +stalled/m,
  );
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^GET a and 2 more to all\/: 3 files, 6\.0 MiB/m);
});

test.each([
  ["MIRROR photos", { toClient: 12 * MIB }, "server", "client"],
  ["MIRROR -R photos", { toServer: 12 * MIB }, "client", "server"],
] as const)("%s shows how far it is, of what has to be moved", async (line, limit, from, to) => {
  await using scene = await stalling(limit, (folder) => {
    writeRandom(folder.join(from, "photos/a.jpg"), 8 * MIB);
    writeRandom(folder.join(from, "photos/b.jpg"), 24 * MIB);
    // What is the same already is nothing to wait for.
    for (const side of [from, to]) {
      write(folder.join(side, "photos/same.txt"), "same");
      utimesSync(folder.join(side, "photos/same.txt"), 1e9, 1e9);
    }
    write(folder.join(to, "photos/gone.txt"), "gone");
  });
  await using shell = scene.connect(100, ["-c", `${line.replace("photos", "--delete photos")}`]);
  await shell.waitToSee(
    /^photos\/[ab]\.jpg +━+─+ +\S+ MiB \/ (?:8|24)\.0 MiB .*\n[012]\/[23] files +━+─+ +\S+ MiB \/ 32\.0 MiB +\d\d%  stalled for 0:0\d$/m,
  );
  // Where nothing moves, neither line tells an end.
  expect(shell.seen).not.toMatch(/\d:\d\d\n\d\/\d files/);
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^Closed [^]*\.$/m);
  expect(shell.seen).toMatch(
    /\.\nMIRROR photos: 2 files, 32\.0 MiB in .*verified, 1 removed, 1 the same already\nClosed/,
  );
});

test("while the listing comes in, what is known of all says that there is more", async () => {
  // Long names make a listing of several blocks, of which two pass.
  await using scene = await stalling(600 * 1024, (folder) => {
    for (let i = 0; i < 4000; i++) write(folder.join(`server/many/${"n".repeat(200)}${i}`), "");
  });
  await using shell = scene.connect(80, ["-c", "GET -r many"]);
  await shell.waitToSee(/^0\/[12],\d{3}\+ files +─+ +0 B +stalled/m);
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^GET many: 4,000 files/m);
});

test("a PUT shows the same, and what waits for its proof is not called stalled", async () => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("client/big.bin"), 4 * MIB);
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await FaultyProxy.start(server.port, {
    toServer: { beforeLine: /^END/, do: "hold" },
  });
  const args = ["connect", String(proxy.port), "-c", "PUT big.bin"];
  await using shell = new TerminalProgram(args, folder.path, { columns: 80 });
  await shell.waitToSee(/^big\.bin +━+ +4\.0 MiB +100% +waiting for the server$/m);
  proxy.release();
  expect(await shell.process.exited).toBe(0);
});

test.each([1, 256 * 1024])(
  "a PUT of %d bytes that is all sent waits for the server, and is not called stalled",
  async (size) => {
    using folder = new TemporaryFolder();
    writeRandom(folder.join("client/small.bin"), size);
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await FaultyProxy.start(server.port, {
      toServer: { beforeLine: /^END/, do: "hold" },
    });
    const args = ["connect", String(proxy.port), "-c", "PUT small.bin"];
    await using shell = new TerminalProgram(args, folder.path, { columns: 80 });
    await shell.waitToSee(/^small\.bin +━+ +\S+ K?i?B +100% +waiting for the server$/m);
    expect(shell.screen).not.toContain("stalled");
    proxy.release();
    expect(await shell.process.exited).toBe(0);
  },
);

test("of a PUT only what the server has is shown as there, and it stalls where that does not grow", async () => {
  await using scene = await stalling({ toServer: 2 * MIB }, (folder) => {
    // The system takes all of it, before any of it has come.
    writeRandom(folder.join("client/big.bin"), 4 * MIB);
  });
  await using shell = scene.connect(100, ["-c", "PUT big.bin"]);
  await shell.waitToSee(
    /^big\.bin +━+─+ +(?:1\.\d|2\.0) MiB \/ 4\.0 MiB +(?:4\d|50)% +stalled for 0:0\d$/m,
  );
  expect(shell.screen).not.toContain("100%");
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^PUT big\.bin: 4\.0 MiB .*, verified$/m);
});

test("a PUT that goes on slowly is not called stalled, though a block takes long", async () => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("client/big.bin"), MIB);
  await using server = await ServerProcess.start(folder.join("server"));
  await using proxy = await SlowProxy.start(server.port, 50_000);
  const args = ["connect", String(proxy.port), "-c", "PUT big.bin"];
  await using shell = new TerminalProgram(args, folder.path, { columns: 100 });
  // A block of 256 KiB takes more than 5 seconds.
  await shell.waitToSee(/^big\.bin +━+─+ +3\d\d\.\d KiB \/ 1\.0 MiB +3\d% .* KiB\/s/m);
  expect(shell.screen).toMatch(/ \d\d\.\d KiB \/ 1\.0 MiB/);
  expect(shell.screen).not.toContain("stalled");
  expect(shell.screen).not.toContain("waiting");
});

test("a lost connection is counted down to, below what is said of it", async () => {
  using folder = new TemporaryFolder();
  writeRandom(folder.join("server/big.bin"), 8 * MIB);
  await using server = await ServerProcess.start(folder.join("server"));
  const cut = { toClient: { afterContent: MIB, do: "cut" } } as const;
  const refused = { toClient: { beforeLine: /^220/, do: "cut" } } as const;
  await using proxy = await FaultyProxy.start(server.port, cut, refused, refused, refused);
  const args = ["connect", String(proxy.port), "-c", "GET big.bin"];
  const env = { SFTP_RETRIES: "5" };
  await using shell = new TerminalProgram(args, folder.path, { columns: 160, env });
  await shell.waitToSee(/trying again in [\d.]+ s \(3 of 5\)\nbig\.bin .* retrying in 2 s/m);
  await shell.waitToSee(/^big\.bin .* retrying in 1 s/m);
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^Closed [^]*\.$/m);
  expect(shell.seen).toMatch(/ again\.\nGET big\.bin: 8\.0 MiB in .*, verified\nClosed .*$/);
  expect(shell.seen).not.toContain("retrying");
});

test.each([20, 40, 80, 200])("it fits into %d columns", async (columns) => {
  await using scene = await stalling(3 * MIB, (folder) => {
    writeRandom(
      folder.join("server/photos/日本語のとても長いファイルの名前です日本語.jpg"),
      8 * MIB,
    );
    writeRandom(
      folder.join("server/photos/もう一つの日本語のとても長いファイルの名前です.jpg"),
      8 * MIB,
    );
  });
  await using shell = scene.connect(columns, ["-c", "GET -r photos"]);
  const lines = await shell.waitToSee(/(^phot.*)\n(0\/2.*stalled.*)$/m);
  const widths = lines.slice(1).map((line) => Bun.stringWidth(line.trimEnd()));
  for (const width of widths) expect(width).toBeLessThan(columns);
  // The middle of a name is left out, and no wide character is cut.
  if (columns < 80) expect(lines[1]).toMatch(/^phot[^�]*….*\d%/);
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^Closed [^]*\.$/m);
  expect(shell.seen).not.toMatch(/stalled|0\/2/);
});

test("it survives resizing, narrower and wider, and leaves nothing behind", async () => {
  await using scene = await stalling(3 * MIB, (folder) => {
    for (const name of ["a", "b"]) writeRandom(folder.join(`server/photos/${name}.jpg`), 8 * MIB);
  });
  await using shell = scene.connect(100, ["-c", "GET -r photos"]);
  await shell.waitToSee(/0\/2 files.*stalled/);
  for (const [columns, line] of [
    [40, /^0\/2 .* stalled for \d:\d\d$/m],
    [20, /^0\/2 +stalled$/m],
    [90, /^0\/2 files +━+─+ .* stalled for \d:\d\d$/m],
  ] as const) {
    shell.resize(columns);
    await shell.waitToSee(line);
    // What was there before goes with the next line that is drawn, and not all at once.
    const once = [/0\/2/g, /stalled/g, /phot/g];
    await until(() => once.every((each) => shell.seen.match(each)?.length === 1));
  }
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^Closed [^]*\.$/m);
  expect(shell.seen).toMatch(/^Connected .*\nGET photos: 2 files, .*\nClosed .*$/);
});

test("what is said meanwhile stands above it", async () => {
  await using scene = await stalling(3 * MIB, (folder) => {
    for (const name of ["a", "b", "c"])
      writeRandom(folder.join(`server/photos/${name}`), 1.5 * MIB);
  });
  await using shell = scene.connect(200, ["-v", "-c", "GET -r photos"]);
  await shell.waitToSee(/^1\/3 files .*stalled/m);
  expect(shell.seen).toMatch(
    /\.\nGET photos\/\w: .*, verified, digest \w{16}\nphotos\/\w .*\n1\/3 /,
  );
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^Closed [^]*\.$/m);
  const told = /\.\n(?:GET photos\/\w: .*, digest \w{16}\n){3}GET photos: 3 files.*\nClosed/;
  expect(shell.seen).toMatch(told);
});

test("typing does not garble it; what was typed is shown when its turn comes", async () => {
  await using scene = await stalling(4 * MIB, (folder) => {
    writeRandom(folder.join("server/big"), 8 * MIB);
  });
  await using shell = scene.connect(100, []);
  await shell.waitToSee(/sftp \S+> $|sftp \S+>$/);
  shell.press("GET big\r");
  await shell.waitToSee(/^big .*stalled/m);
  shell.press("PWD");
  await shell.waitToSee(/stalled for 0:0[4-9]/);
  shell.press("\rLP");
  await shell.waitToSee(/stalled for 0:0[6-9]/);
  expect(shell.seen).not.toContain("PWD");
  expect(shell.seen.match(/^big /gm)).toHaveLength(1);
  scene.proxy.release();
  await shell.waitToSee(/^GET big: .*verified\nsftp \S+> PWD\n\/\nsftp \S+> LP$/m);
});

test.each([
  [
    "GET big",
    /> GET big\n(?:Cancelling.*\n)?GET big: Interrupted; the\s+same\s+again\s+goes\s+on\s+from\s+there\nsftp \S+>$/,
  ],
  [
    "GET -f big",
    /> GET -f big\n(?:Cancelling.*\n)?GET big: Interrupted; the\s+same\s+without\s+-f\s+goes\s+on\s+from\s+there\nsftp \S+>$/,
  ],
])("Ctrl-C takes it away in %s, and the prompt is back", async (command, seen) => {
  await using scene = await stalling(4 * MIB, (folder) => {
    writeRandom(folder.join("server/big"), 512 * MIB);
  });
  await using shell = scene.connect(100, []);
  await shell.waitToSee(/sftp \S+>$/);
  shell.press(`${command}\r`);
  await shell.waitToSee(/^big .*stalled/m);
  shell.press(CTRL_C);
  scene.proxy.release();
  await shell.waitToSee(seen);
});

test.each([
  ["with -q where the terminal is dumb", ["-q"], { TERM: "dumb" }],
  ["with -q", ["-q"], {}],
  ["with --json", ["--json"], {}],
] as const)("there is none %s", async (_, flags, env) => {
  await using scene = await stalling(4 * MIB, (folder) => {
    writeRandom(folder.join("server/big"), 8 * MIB);
  });
  await using shell = scene.connect(100, [...flags, "-c", "GET big"], { NO_COLOR: "1", ...env });
  await showing(scene);
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  expect(shell.raw).not.toContain(ESC);
  expect(shell.seen).not.toMatch(/^big /m);
});

test("a dumb terminal shows plain lines of it, and no bar", async () => {
  await using scene = await stalling(4 * MIB, (folder) => {
    writeRandom(folder.join("server/big"), 8 * MIB);
  });
  const env = { NO_COLOR: "1", TERM: "dumb" };
  await using shell = scene.connect(100, ["-c", "GET big"], env);
  await shell.waitToSee(/^big: (?:3\.\d|4\.0) MiB of 8\.0 MiB \((?:4\d|50)%\)$/m);
  scene.proxy.release();
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^GET big: 8\.0 MiB .*verified$/m);
  expect(shell.raw).not.toContain(ESC);
});

test("there is none where standard error is no terminal", async () => {
  await using scene = await stalling(4 * MIB, (folder) => {
    writeRandom(folder.join("server/big"), 8 * MIB);
  });
  const running = run(["connect", String(scene.proxy.port), "-c", "GET big"], {
    cwd: scene.folder.path,
    env: { TERM: "xterm" },
  });
  await showing(scene);
  scene.proxy.release();
  const { stdout, stderr } = await running;
  expect(stdout + stderr).not.toContain(ESC);
  expect(stderr.split("\n")).toHaveLength(4);
});

test("a transfer that is done at once shows none", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/small"), "small");
  await using server = await ServerProcess.start(folder.join("server"));
  const args = ["connect", String(server.port), "-c", "GET small"];
  await using shell = new TerminalProgram(args, folder.path, { env: { NO_COLOR: "1" } });
  expect(await shell.process.exited).toBe(0);
  await shell.waitToSee(/^Closed [^]*\.$/m);
  expect(shell.raw).not.toContain(ESC);
});

test.each([
  ["GET", /^0\/60 files +━+─+ +20\.0 KiB \/ 60\.0 KiB +33%/m],
  ["PUT", /^20\/60 files +━+─+ +20\.0 KiB \/ 60\.0 KiB +33%/m],
])(
  "of small files that a %s moves together each counts as soon as it has come",
  async (verb, shown) => {
    using folder = new TemporaryFolder();
    const content = Buffer.alloc(1024, "a");
    const names = Array.from({ length: 60 }, (_, index) => `t/${index}`);
    if (verb === "PUT") for (const name of names) write(folder.join("client", name), content);
    mkdirSync(folder.join("client"), { recursive: true });
    const held = Promise.withResolvers<void>();
    let answered = 0;
    await using server = await HostileServer.start(async (victim) => {
      await victim.send(GREETING);
      for (;;) {
        const line = await victim.line();
        const [command] = line.split(" ");
        const digest = /END digest=([0-9a-f]{16})$/.exec(line)?.[1];
        if (command === "GET" || digest !== undefined) {
          if (answered++ === 20) await held.promise;
          const stored = `226 size=${content.length} digest=${digest ?? ""}\n`;
          await victim.send(digest === undefined ? goodFile(content) : stored);
        } else if (command === "LIST") {
          const lines = names.map((path) =>
            JSON.stringify({ path, type: "file", size: content.length, mtime: 0 }),
          );
          await victim.send("150\n", block(Buffer.from(`${lines.join("\n")}\n`)), "226\n");
        } else if (command === "MKDIR") await victim.send("250\n");
        else if (command === "QUIT") await victim.send("221\n");
      }
    });
    const root = folder.join("client");
    const args = ["connect", String(server.port), "--root", root, "-c", `${verb} -r t`];
    await using shell = new TerminalProgram(args, folder.path, { columns: 100 });
    await shell.waitToSee(shown);
    held.resolve();
    expect(await shell.process.exited).toBe(0);
  },
);
