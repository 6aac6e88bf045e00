import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { FoldingDisk, CAN_FOLD, ONLY_FOLDING } from "../../support/folding.ts";
import { goodFile, HostileServer, type Victim } from "../../support/hostile-server.ts";
import { Pair } from "../../support/pair.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { contentsOf, factsOf, writeTree } from "../../support/trees.ts";
import { blockDigest } from "../../support/wire.ts";

describe.each([
  ["MIRROR --delete", "GET"],
  ["MIRROR -R --delete", "PUT"],
] as const)("%s", (mirror, way) => {
  async function sides(source: Record<string, string>, target: Record<string, string>) {
    const pair = await Pair.start(
      way === "GET" ? { there: source, here: target } : { there: target, here: source },
    );
    const [from, to] = way === "GET" ? [pair.there(), pair.here()] : [pair.here(), pair.there()];
    return { pair, from, to };
  }

  test.each([
    ["a file for a folder", { "m/a:b": "new", "m/c": "3" }, { "m/a:b/keep.txt": "old" }],
    ["a folder for a file", { "m/a:b/new": "new", "m/c": "3" }, { "m/a:b": "old" }],
    ["a folder with one such file", { "m/a/x:y": "new", "m/a/z": "1", "m/c": "3" }, { "m/a": "o" }],
  ])("what is in the way of a name that cannot be made stays: %s", async (_, source, target) => {
    const { pair, to } = await sides(source, target);
    await using __ = pair;
    const ran = await pair.run(`${mirror} m`);
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain("holds a backslash or a colon");
    const { "m/c": other, ...rest } = contentsOf(to);
    expect(other).toBe("3");
    expect(rest).toMatchObject(target);
    expect(Object.keys(rest).filter((name) => name.includes("replaced"))).toEqual([]);
  });

  test("it stays as well where it holds something that cannot be removed", async () => {
    const { pair, to } = await sides({ "m/a": "new" }, { "m/a/b": "old", "m/a/d/e": "old" });
    await using _ = pair;
    symlinkSync("nowhere", `${to}/m/a/d/link`);
    const facts = contentsOf(to);
    const ran = await pair.run(`${mirror} m`);
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain("a/d/link in it cannot be removed: a link");
    expect(contentsOf(to)).toEqual(facts);
  });

  test("-n says what would go and what would come, with whole paths, and does neither", async () => {
    const { pair, to } = await sides(
      { "m/a": "new", "m/b": "2" },
      { "m/a/x": "old", "m/e/f": "9" },
    );
    await using _ = pair;
    const facts = factsOf(to);
    const ran = await pair.run(`${mirror} -n m`);
    expect(ran.status).toBe(0);
    for (const path of ["m/a", "m/a/x", "m/e", "m/e/f"]) {
      expect(ran.stderr).toContain(`Would remove ${path}\n`);
    }
    expect(ran.stderr).toContain("MIRROR m: would move 2 files, 4 B, would remove 4\n");
    expect(factsOf(to)).toEqual(facts);
  });
});

/** A server whose folder has one file, or one folder with a file, that it never gives. */
function withholding(entries: readonly object[], refuse: string): Promise<HostileServer> {
  const block = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  return HostileServer.startFor("", async (victim: Victim, line: string) => {
    if (line.startsWith("LIST")) {
      await victim.send("150\n", `+${block.length} ${blockDigest(block)}\n`, block, "226\n");
    } else if (line === refuse) await victim.send("553 denied No\n");
    else if (line.startsWith("GET")) await victim.send(goodFile(Buffer.from("small")));
    else await victim.send("221\n");
  });
}

test.each([
  ["a file for a folder", [{ path: "a", type: "file", size: 5, mtime: 1 }], "GET a", "a/keep"],
  [
    "a folder for a file",
    [
      { path: "a", type: "folder", size: 0, mtime: 1 },
      { path: "a/x", type: "file", size: 5, mtime: 1 },
      { path: "a/y", type: "file", size: 5, mtime: 1 },
    ],
    "GET a/y",
    "a",
  ],
])("what the server then does not give costs nothing: %s", async (_, entries, refuse, kept) => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("client"), { [kept]: "mine" });
  const facts = factsOf(folder.join("client"));
  await using server = await withholding(entries, refuse);
  const ran = await connect(folder.join("client"), server.port, "MIRROR --delete .");
  expect(ran.status).toBe(6);
  expect(factsOf(folder.join("client"))).toEqual(facts);
});

test.each([
  ["a file for a folder", { a: "far too long" }, { "a/keep": "mine" }],
  ["a folder for a file", { "a/x": "1", "a/y": "far too long" }, { a: "mine" }],
])("nor does what the server then does not take: %s", async (_, source, target) => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("server"), target);
  writeTree(folder.join("client"), source);
  await using server = await ServerProcess.start(folder.join("server"), ["--max-file", "8"]);
  const facts = factsOf(folder.join("server"));
  const ran = await connect(folder.join("client"), server.port, "MIRROR -R --delete .");
  expect(ran.status).not.toBe(0);
  expect(ran.stderr).toContain("1 failed");
  expect(factsOf(folder.join("server"))).toEqual(facts);
});

test.skipIf(!CAN_FOLD)(
  `--delete spares the twin that GET did not replace, and what is in it${ONLY_FOLDING}`,
  async () => {
    await using disk = await FoldingDisk.mount();
    using folder = new TemporaryFolder();
    writeTree(folder.join("server"), { README: "theirs", b: "2" });
    mkdirSync(disk.join("client"));
    writeTree(disk.join("client"), { readme: "mine", extra: "9" });
    await using server = await ServerProcess.start(folder.join("server"));
    const ran = await connect(disk.join("client"), server.port, "MIRROR --delete .");
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain("readme is left alone: ");
    expect(contentsOf(disk.join("client"))).toEqual({ readme: "mine", b: "2" });
  },
);
