import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, symlinkSync } from "node:fs";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { CAN_FOLD, FoldingDisk, ONLY_FOLDING } from "../../support/folding.ts";
import { HostileServer } from "../../support/hostile-server.ts";
import { Pair } from "../../support/pair.ts";
import { connect, ServerProcess, TemporaryFolder, type Ran } from "../../support/programs.ts";
import { contentsOf, setTime, writeTree } from "../../support/trees.ts";
import { blockDigest } from "../../support/wire.ts";

const TIME = 1_500_000_000_456;
const NOBODY = 65_534;
const BY_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
const IS_ROOT = process.getuid?.() === 0 && Bun.which("setpriv") !== null;

/** Contents by path, all of one time. */
type Files = Readonly<Record<string, string>>;

function writeOfOneTime(folder: string, files: Files): void {
  writeTree(folder, files);
  for (const name of Object.keys(files)) setTime(`${folder}/${name}`, TIME);
}

/** So many files of so many folders, named `d/f0/n0` and so on. */
function manyFiles(folders: number, each: number, top = "d"): Files {
  const names = Array.from({ length: folders * each }, (_, n) => `f${n % folders}/n${n}`);
  return Object.fromEntries(names.map((name) => [`${top}/${name}`, name]));
}

async function sides(here: Files, there: Files): Promise<Pair> {
  const pair = await Pair.start({});
  writeOfOneTime(pair.here(), here);
  writeOfOneTime(pair.there(), there);
  return pair;
}

/** So many files are worth a listing. */
const WORTH = 128;
/** Files that are the same on both sides, so that there are enough for a listing. */
const ENOUGH: Files = Object.fromEntries(
  Array.from({ length: WORTH }, (_, n) => [
    [`d/enough${n}`, ""],
    [`d/e/enough${n}`, ""],
  ]).flat(),
);

/** Sides that have enough in common for a listing. */
function sidesWithMore(here: Files, there: Files): Promise<Pair> {
  return sides({ ...ENOUGH, ...here }, { ...ENOUGH, ...there });
}

/** What a folder holds but for those. */
function others(folder: string): Record<string, string> {
  const all = Object.entries(contentsOf(folder));
  return Object.fromEntries(all.filter(([name]) => !/enough|^e\/$/.test(name)));
}

/** A run, and what it asked the server for to find out what is there. */
async function asked(pair: Pair, line: string): Promise<Ran & { readonly lines: string[] }> {
  await using proxy = await FaultyProxy.start(pair.server.port);
  const ran = await pair.runAt(proxy.port, line, ["--json"]);
  const lines = proxy.lines("toServer").filter((sent) => /^(?:STAT|LIST|ABORT)\b/.test(sent));
  return { ...ran, lines };
}

/** What a run moved, and how many files it passed over and failed with. */
function outcome({ stdout, status }: Ran): unknown {
  const events = stdout
    .trim()
    .split("\n")
    .map((line): Record<string, unknown> => JSON.parse(line));
  const { skipped, failed } = events.find(({ event }) => event === "finished") ?? {};
  const moved = events.filter(({ event }) => event === "transferred").map(({ remote }) => remote);
  return { status, moved: moved.toSorted(), skipped, failed };
}

describe("PUT -u asks", () => {
  test("for one listing of a tree, and for no file of it", async () => {
    const files = manyFiles(10, 30);
    await using pair = await sides(files, files);
    setTime(pair.here("d/f3/n3"), TIME + 1);
    const ran = await asked(pair, "PUT -u -r d");
    expect(outcome(ran)).toEqual({ status: 0, moved: ["d/f3/n3"], skipped: 299, failed: 0 });
    expect(ran.lines).toEqual(["LIST d recursive=1"]);
  });

  test("for no file of a folder that is not there", async () => {
    await using pair = await sides({ ...manyFiles(3, 50), "d/top": "1" }, { "other/x": "2" });
    const ran = await asked(pair, "PUT -u -r d");
    expect(outcome(ran)).toMatchObject({ status: 0, skipped: 0, failed: 0 });
    expect(ran.lines).toEqual(["LIST d recursive=1"]);
    expect(contentsOf(pair.there("d"))).toEqual(contentsOf(pair.here("d")));
  });

  test("for no file of one that is not there in a folder that is", async () => {
    await using pair = await sides(manyFiles(3, 50), manyFiles(1, 10));
    const ran = await asked(pair, "PUT -u -r d");
    expect(ran.lines).toEqual(["LIST d recursive=1"]);
    expect(contentsOf(pair.there("d"))).toMatchObject(contentsOf(pair.here("d")));
  });

  test.each([
    ["PUT -u d/f0/*", ["LIST d/f0"]],
    ["PUT -u d/*/n*", ["LIST d recursive=1"]],
    ["PUT -u **/n*", ["LIST recursive=1"]],
    ["PUT -u -r d/*", ["LIST d recursive=1"]],
    ["PUT -u -r d/ d/f0 d/*", ["LIST d recursive=1"]],
    ["MPUT -u -r d/f0 d/f1", ["LIST d/f0 recursive=1", "LIST d/f1 recursive=1"]],
    ["PUT -u -r d/f0 d/", ["LIST d/f0 recursive=1"]],
    ["PUT -u -r .", ["LIST recursive=1"]],
    ["PUT --checksum -n -u -r d/f0", ["LIST d/f0 recursive=1"]],
  ])("for listings alone in %s", async (line, lines) => {
    const files = manyFiles(2, WORTH);
    await using pair = await sides(files, files);
    const ran = await asked(pair, line);
    expect(outcome(ran)).toMatchObject({ status: 0, moved: [], failed: 0 });
    expect(ran.stdout).toMatch(/"skipped":[1-9]/);
    expect(ran.lines.filter((sent) => !sent.endsWith("digest=1"))).toEqual(lines);
  });

  test.each([
    [
      "single names",
      (count: number) => Array.from({ length: count }, (_, n) => `d/n${n}`).join(" "),
    ],
    ["a tree", () => "-r d"],
    ["a pattern", () => "d/*"],
  ])(
    "for few files by name, and for as many as are worth it by a listing (%s)",
    async (_, words) => {
      for (const count of [WORTH - 1, WORTH]) {
        const names = Array.from({ length: count }, (_, n) => `d/n${n}`);
        const files = Object.fromEntries(names.map((name) => [name, name]));
        await using pair = await sides(files, { ...files, "d/more": "1" });
        const ran = await asked(pair, `MPUT -u ${words(count)}`);
        expect(outcome(ran)).toEqual({ status: 0, moved: [], skipped: count, failed: 0 });
        const stats = ran.lines.filter((line) => line.startsWith("STAT d/"));
        const lists = ran.lines.filter((line) => line.startsWith("LIST"));
        expect([stats.length, lists.length]).toEqual(count < WORTH ? [count, 0] : [0, 1]);
      }
    },
  );

  test("for nothing at all where it is not given", async () => {
    await using pair = await sides(manyFiles(2, WORTH), manyFiles(2, WORTH));
    expect((await asked(pair, "PUT d/f0/*")).lines).toEqual([]);
  });
});

describe.each(["PUT -u -r d", "PUT -u d/*", "PUT -u d/*/*"])("%s finds", (line) => {
  test("the same as who asks for each file", async () => {
    const here = {
      "d/x/same": "abc",
      "d/x/content": "abc",
      "d/x/later": "abc",
      "d/x/earlier": "abc",
      "d/x/second": "abc",
      "d/x/longer": "abcd",
      "d/x/empty": "",
      "d/x/missing": "abc",
      "d/x/a b%é": "abc",
      "d/same": "abc",
      "d/missing": "abc",
      "d/.hidden": "abc",
    };
    await using pair = await sidesWithMore(here, {
      ...here,
      "d/x/content": "xyz",
      "d/x/longer": "abc",
      "d/x/empty": "a",
      "d/x/other": "abc",
    });
    for (const name of ["d/x/missing", "d/missing"]) {
      await Bun.file(pair.there(name)).delete();
    }
    setTime(pair.there("d/x/later"), TIME + 1);
    setTime(pair.there("d/x/earlier"), TIME - 1);
    setTime(pair.there("d/x/second"), TIME - 456);
    const wanted = Object.keys({ ...ENOUGH, ...here }).filter((name) => {
      if (line.endsWith("-r d")) return true;
      const depth = line.endsWith("*/*") ? 3 : 2;
      return name.split("/").length === depth && !name.includes(".hidden");
    });
    const changed = wanted.filter((name) => !/same|content|%|hidden|enough/.test(name)).toSorted();
    const ran = await asked(pair, line);
    expect(outcome(ran)).toEqual({
      status: 0,
      moved: changed,
      skipped: wanted.length - changed.length,
      failed: 0,
    });
    expect(ran.lines).toHaveLength(1);
  });
});

test("PUT -u lets the first of two files go to one place, though the second is there", async () => {
  const same = Array.from({ length: WORTH }, (_, n) => `same${n}`);
  const of = (folder: string): Files => Object.fromEntries(same.map((n) => [`${folder}/${n}`, n]));
  await using pair = await sides(
    { ...of("x"), "x/f": "new", "y/f": "old" },
    { ...of("t"), "t/f": "old" },
  );
  setTime(pair.here("x/f"), TIME + 1);
  const ran = await asked(pair, "MPUT -u x/* y/* t/");
  expect(outcome(ran)).toEqual({ status: 6, moved: ["t/f"], skipped: WORTH, failed: 1 });
  expect(ran.lines).toEqual(["LIST t"]);
});

describe("PUT -u asks by name", () => {
  test("for what is a link there, and for what lies behind one", async () => {
    const here = { "d/link": "abc", "d/folder/in": "abc", "d/same": "abc" };
    await using pair = await sidesWithMore(here, { "d/same": "abc", "aside/in": "xyz" });
    symlinkSync("same", pair.there("d/link"));
    symlinkSync("../aside", pair.there("d/folder"));
    const ran = await asked(pair, "PUT -u -r d");
    expect(outcome(ran)).toEqual({ status: 6, moved: [], skipped: 1 + 2 * WORTH, failed: 3 });
    expect(ran.lines).toContain("STAT d/link");
    expect(ran.lines).toContain("STAT d/folder/in");
    expect(ran.lines).not.toContain("STAT d/same");
    expect(others(pair.there("d"))).toMatchObject({ link: "-> same", same: "abc" });
    expect(others(pair.there("aside"))).toEqual({ in: "xyz" });
  });

  test("for what goes into a folder that is a link itself", async () => {
    await using pair = await sides({ ...ENOUGH, "d/in": "abc" }, { "aside/in": "xyz" });
    symlinkSync("aside", pair.there("d"));
    const ran = await asked(pair, "PUT -u -r d");
    expect(outcome(ran)).toMatchObject({ status: 6, moved: [], skipped: 0 });
    expect(ran.lines).toContain("STAT d/in");
    expect(others(pair.there("aside"))).toEqual({ in: "xyz" });
  });

  test("for what would lie in a file, and for no folder that is in a file's place", async () => {
    const here = { "d/file/in": "abc", "d/folder": "abc", "d/same": "abc" };
    await using pair = await sidesWithMore(here, {
      "d/file": "abc",
      "d/folder/in": "abc",
      "d/same": "abc",
    });
    const ran = await asked(pair, "PUT -u -r d");
    expect(outcome(ran)).toEqual({ status: 6, moved: [], skipped: 1 + 2 * WORTH, failed: 3 });
    expect(ran.lines).toContain("STAT d/file/in");
    expect(ran.lines).not.toContain("STAT d/folder");
    expect(others(pair.there("d"))).toEqual({
      file: "abc",
      "folder/": "",
      "folder/in": "abc",
      same: "abc",
    });
  });

  test("for what goes into a file", async () => {
    await using pair = await sides({ ...ENOUGH, "d/in": "abc" }, { there: "abc" });
    const ran = await asked(pair, "PUT -u -r d there");
    expect(outcome(ran)).toMatchObject({ status: 6, moved: [], skipped: 0 });
    expect(ran.lines).toContain("STAT there/in");
    expect(others(pair.there())).toEqual({ there: "abc" });
  });

  test("for what differs from a name that is there in nothing but its spelling", async () => {
    const here = {
      "d/README": "1",
      "d/caf\u00e9": "2",
      "d/sub/x": "3",
      "d/new": "4",
      "d/A~1": "5",
    };
    await using pair = await sidesWithMore(here, {
      "d/ReadMe": "1",
      "d/cafe\u0301": "2",
      "d/Sub/x": "3",
    });
    const ran = await asked(pair, "PUT -u -r d");
    expect(outcome(ran)).toMatchObject({ status: 0, moved: Object.keys(here).toSorted() });
    expect(ran.lines.toSorted()).toEqual([
      "LIST d recursive=1",
      "STAT d/A~1",
      "STAT d/README",
      "STAT d/caf%C3%A9",
      "STAT d/sub/x",
    ]);
  });

  test("for what lies deeper than what was listed for another word", async () => {
    const files = { ...manyFiles(1, WORTH), "d/sub/same": "2" };
    await using pair = await sides(files, files);
    const ran = await asked(pair, "MPUT -u d/f0/* d/sub/same");
    expect(outcome(ran)).toEqual({ status: 0, moved: [], skipped: 1 + WORTH, failed: 0 });
    expect(ran.lines).toEqual(["LIST d/f0", "STAT d/sub/same"]);
  });

  test("for what lies in a folder that was listed for another word, without what is in it", async () => {
    const files = { ...ENOUGH, "d/sub/same": "2" };
    await using pair = await sides(files, files);
    const ran = await asked(pair, "MPUT -u d/enough* d/sub/same");
    expect(outcome(ran)).toEqual({ status: 0, moved: [], skipped: 1 + WORTH, failed: 0 });
    expect(ran.lines).toEqual(["LIST d", "STAT d/sub/same"]);
  });

  test.skipIf(!CAN_FOLD)(
    `where a disk takes both spellings for one name, which is the same already${ONLY_FOLDING}`,
    async () => {
      await using disk = await FoldingDisk.mount();
      using folder = new TemporaryFolder();
      mkdirSync(disk.join("server"));
      writeOfOneTime(disk.join("server"), {
        ...ENOUGH,
        "d/README": "1",
        "d/Sub/X": "2",
        "d/caf\u00e9": "3",
      });
      writeOfOneTime(folder.join("client"), {
        ...ENOUGH,
        "d/readme": "1",
        "d/sub/x": "2",
        "d/cafe\u0301": "3",
      });
      await using server = await ServerProcess.start(disk.join("server"));
      const ran = await connect(folder.join("client"), server.port, "MPUT -u d/* d/sub/*");
      expect(ran.stderr).toContain(`${3 + WORTH} the same already`);
      expect(ran.status).toBe(0);
    },
  );

  test.skipIf(!IS_ROOT)(
    `for what is in a folder that cannot be listed${IS_ROOT ? "" : " (skipped: needs root and setpriv)"}`,
    async () => {
      using folder = new TemporaryFolder();
      const files = { ...ENOUGH, "d/closed/same": "abc", "d/open/same": "abc" };
      writeOfOneTime(folder.join("client"), files);
      writeOfOneTime(folder.join("server"), files);
      chmodSync(folder.path, 0o755);
      chmodSync(folder.join("server/d/closed"), 0o311);
      mkdirSync(folder.join("state"));
      chownSync(folder.join("state"), NOBODY, NOBODY);
      const options = { by: BY_NOBODY, env: { XDG_STATE_HOME: folder.join("state") } };
      await using server = await ServerProcess.start(
        folder.join("server"),
        ["--read-only"],
        options,
      );
      for (const line of ["PUT -u d/*/*", "MPUT -u d/closed/* d/e/*"]) {
        const ran = await connect(folder.join("client"), server.port, line);
        expect(ran.stderr).toContain(
          "d/closed/same: The system does not permit this with d/closed",
        );
        expect(ran.status).toBe(6);
      }
    },
  );
});

test.each([1, WORTH])(
  "PUT -u of a folder that is there, with %d files, needs no right to make it",
  async (count) => {
    using folder = new TemporaryFolder();
    const names = Array.from({ length: count }, (_, n) => `d/n${n}`);
    const files = Object.fromEntries(names.map((name) => [name, name]));
    writeOfOneTime(folder.join("client"), files);
    writeOfOneTime(folder.join("server"), files);
    await using server = await ServerProcess.start(folder.join("server"), ["--read-only"]);
    const ran = await connect(folder.join("client"), server.port, "PUT -u -r d");
    expect(ran.stderr).toContain(`PUT d: ${count} the same already\n`);
    expect(ran.status).toBe(0);
    mkdirSync(folder.join("client/d/new"));
    const more = await connect(folder.join("client"), server.port, "PUT -u -r d");
    expect(more.stderr).toContain("PUT d: The server does not allow it: you may only read");
    expect(more.status).toBe(6);
  },
);

/** Entries of a listing, as they are sent. */
function blockOf(entries: readonly unknown[]): (string | Uint8Array)[] {
  const block = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  return [`+${block.length} ${blockDigest(block)}\n`, block];
}

/** As many files as are worth a listing, the first of which is told of by the servers below. */
const SENT: Files = Object.fromEntries(
  ["first", ...Array.from({ length: WORTH - 1 }, (_, n) => `n${n}`)].map((name) => [
    `d/${name}`,
    "abc",
  ]),
);
const FACTS = { type: "file", size: 3, mtime: TIME };
const STAT_REPLY = `213 type=file size=3 mtime=${TIME} exec=0\n`;

test("PUT -u ends a listing that holds far more than is sent, and asks by name", async () => {
  using folder = new TemporaryFolder();
  writeOfOneTime(folder.join("client"), SENT);
  let stats = 0;
  let aborted = false;
  await using server = await HostileServer.startFor("", async (victim, line) => {
    if (line.startsWith("LIST")) {
      const more = Array.from({ length: 16 * WORTH }, (_, n) => ({ path: `d/x${n}`, ...FACTS }));
      // It goes on for as long as it is not told to end.
      await victim.send("150\n", ...blockOf([{ path: "d/first", ...FACTS }, ...more]));
    } else if (line === "ABORT") {
      aborted = true;
      await victim.send("426 aborted Cancelled\n", "225\n");
    } else if (line.startsWith("STAT")) {
      stats++;
      await victim.send(STAT_REPLY);
    } else await victim.send(line === "QUIT" ? "221\n" : "500 syntax No\n");
  });
  const ran = await connect(folder.join("client"), server.port, "PUT -u d/*");
  expect(ran.stderr).toContain(`${WORTH} the same already`);
  expect(ran.status).toBe(0);
  expect(aborted).toBe(true);
  expect(stats).toBe(WORTH - 1);
});

test.each(["451 failed The disk\n", "426 aborted No\n", "550 not-found Gone\n", "553 denied No\n"])(
  "PUT -u asks by name where a listing ends with %j",
  async (end) => {
    using folder = new TemporaryFolder();
    writeOfOneTime(folder.join("client"), SENT);
    let stats = 0;
    await using server = await HostileServer.startFor("", async (victim, line) => {
      if (line.startsWith("LIST")) {
        await victim.send("150\n", ...blockOf([{ path: "d/first", ...FACTS }]), end);
      } else if (line.startsWith("STAT")) {
        stats++;
        await victim.send(STAT_REPLY);
      } else await victim.send({ QUIT: "221\n", ABORT: "225\n" }[line] ?? "500 syntax No\n");
    });
    const ran = await connect(folder.join("client"), server.port, "PUT -u d/*");
    expect(ran.stderr).toContain(`${WORTH} the same already`);
    expect(ran.status).toBe(0);
    expect(stats).toBe(WORTH - 1);
  },
);
