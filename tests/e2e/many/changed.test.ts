import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { write } from "../../support/files.ts";
import { Pair } from "../../support/pair.ts";
import { factsOf, setTime, writeTree } from "../../support/trees.ts";

const FILES = { same: "abc", content: "abc", time: "abc", size: "abc", missing: "abc" };
const TIME = 1_500_000_000_456;

/** Two sides that differ in one thing a file; each file of this side has its name in capitals. */
async function differing(way: "GET" | "PUT"): Promise<Pair> {
  const pair = await Pair.start({});
  const [source, target] =
    way === "GET" ? [pair.there(), pair.here()] : [pair.here(), pair.there()];
  for (const [name, content] of Object.entries(FILES)) {
    write(`${source}/d/${name}`, content);
    setTime(`${source}/d/${name}`, TIME);
    if (name === "missing") continue;
    const other = { content: "xyz", size: "abcd" }[name] ?? content;
    write(`${target}/d/${name}`, other);
    setTime(`${target}/d/${name}`, name === "time" ? TIME + 1 : TIME);
  }
  return pair;
}

/** What a run moved, by the events that it wrote. */
function moved(stdout: string): { readonly files: string[]; readonly finished: unknown } {
  const events = stdout
    .trim()
    .split("\n")
    .map((line): Record<string, unknown> => JSON.parse(line));
  return {
    files: events
      .filter(({ event }) => event === "transferred")
      .map(({ remote }) => String(remote).replace(/^.*\//, ""))
      .toSorted(),
    finished: events.find(({ event }) => event === "finished"),
  };
}

describe.each(["GET", "PUT"] as const)("%s", (way) => {
  const mirror = way === "GET" ? "MIRROR" : "MIRROR -R";

  test.each([
    [`${way} -r d`, ["content", "missing", "same", "size", "time"]],
    [`${way} -u -r d`, ["missing", "size", "time"]],
    [`${way} -u d/*`, ["missing", "size", "time"]],
    [`${way} -u d/same d/content d/time d/size d/missing d/`, ["missing", "size", "time"]],
    [`${way} --checksum -r d`, ["content", "missing", "size"]],
    [
      `${way} --checksum d/same d/content d/time d/size d/missing d/`,
      ["content", "missing", "size"],
    ],
    [`${mirror} d`, ["missing", "size", "time"]],
    [`${mirror} --checksum d`, ["content", "missing", "size"]],
  ])("%s moves what has changed", async (line, files) => {
    await using pair = await differing(way);
    const ran = await pair.run(line, ["--json"]);
    expect(ran.status).toBe(0);
    expect(moved(ran.stdout).files).toEqual(files);
    expect(moved(ran.stdout).finished).toMatchObject({
      files: files.length,
      skipped: 5 - files.length,
      failed: 0,
    });
    const again = await pair.run(line.replace(`${way} -r`, `${way} -u -r`), ["--json"]);
    expect(moved(again.stdout).files).toEqual([]);
  });

  test("-u of one file that is the same says that there is nothing to do", async () => {
    await using pair = await differing(way);
    const ran = await pair.run(`${way} -u d/same`);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain("1 the same already");
  });

  test.each([
    `${way} -n d/time`,
    `${way} -n -r d`,
    `${way} -n -r d new`,
    `${way} -n -r d a/b/c/`,
    `${way} -n -u d/*`,
    `${way} -n --checksum -r d`,
    `${way} -n -r d nosuch x/`,
    `M${way} -n d/time d/missing`,
    `${mirror} -n d`,
    `${mirror} -n --delete d`,
    `${mirror} -n --delete --checksum d`,
    `${mirror} -n d new/deep`,
    `${mirror} -n --delete d .`,
  ])("%s changes nothing, and says what it would", async (line) => {
    await using pair = await differing(way);
    const target = way === "GET" ? pair.here() : pair.there();
    writeTree(target, { "d/extra": "1", "x y": "2", missing: "3" });
    // A folder where a file would go, and the reverse.
    const facts = [factsOf(pair.there()), factsOf(pair.here())];
    const state = pair.folder.join("state");
    for (const [commands, flags] of [
      [line, []],
      [line.replace(" -n", ""), ["-n"]],
    ] as const) {
      const ran = await pair.run(commands, flags, { env: { XDG_STATE_HOME: state } });
      expect(ran.status).toBe(line.includes("nosuch") ? 5 : 0);
      expect(ran.stderr).toContain(
        `Would ${way.toLowerCase()} d/missing`.replace(
          "d/missing",
          line.includes("d/time") && !line.includes("missing") ? "d/time" : "d/missing",
        ),
      );
      expect(ran.stderr.includes("Would remove")).toBe(line.includes("--delete"));
      expect([factsOf(pair.there()), factsOf(pair.here())]).toEqual(facts);
      expect(existsSync(pair.here(".sftp-staging"))).toBe(false);
      expect(existsSync(pair.there(".sftp-staging"))).toBe(false);
      expect(existsSync(state)).toBe(false);
    }
  });

  test("-n tells what is missing, or is a folder", async () => {
    await using pair = await differing(way);
    expect((await pair.run(`${way} -n nosuch`)).status).toBe(5);
    const folder = await pair.run(`${way} -n d`);
    expect(folder.status).toBe(6);
    expect(folder.stderr).toContain("d is a folder: -r takes it");
  });
});

test.each([
  "GET -n a.txt OUT/far/off/",
  "GET -n -r . OUT/far",
  "MIRROR -n . OUT/far/off",
  "GET -n a.txt /",
])("%s makes no folder outside either", async (line) => {
  await using pair = await Pair.start({ there: { "a.txt": "1" } });
  const out = pair.folder.join("out");
  mkdirSync(out);
  const ran = await pair.run(line.replace("OUT", out));
  expect(ran.status).toBe(0);
  expect(ran.stderr).toContain("Would get a.txt");
  expect(factsOf(out)).toEqual([]);
});

test("-n of a stream says so, and reads and writes nothing", async () => {
  await using pair = await Pair.start({ there: { a: "1" } });
  const ran = await pair.run("PUT -n - b; GET -n a -", [], { input: "x" });
  expect(ran).toMatchObject({ status: 0, stdout: "" });
  expect(ran.stderr).toContain("Would put standard input to b");
  expect(ran.stderr).toContain("Would get a to standard output");
  expect(pair.served).toEqual({ a: "1" });
});

test("--checksum of a file that goes meanwhile fails for it alone, and the connection stays", async () => {
  await using pair = await Pair.start({ there: { a: "1", b: "2", c: "3" } });
  expect((await pair.run("GET -r . x")).status).toBe(0);
  rmSync(pair.here("x/b"));
  symlinkSync("a", pair.here("x/b"));
  const ran = await pair.run("GET -r --checksum . x; GET c");
  expect(ran.status).toBe(6);
  expect(ran.stderr).toContain("GET b: x/b is a link");
  expect(ran.stderr).toContain("2 the same already, 1 failed");
});
