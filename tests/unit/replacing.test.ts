import { expect, spyOn, test } from "bun:test";
import type { Found } from "../../src/shell/many/found.ts";
import { PackedPaths } from "../../src/shell/many/packed-paths.ts";
import { receivableBy } from "../../src/shell/many/receivable.ts";
import { Clashes } from "../../src/shell/many/replacing.ts";
import { Tally } from "../../src/shell/many/tally.ts";
import { Tree } from "../../src/shell/many/tree.ts";

/** A tree of such names as `a/` for a folder and `a/b` for a file. */
function treeOf(names: Iterable<string>): Tree {
  const tree = new Tree();
  for (const name of names) {
    const type = name.endsWith("/") ? "folder" : "file";
    const path = name.replace(/\/$/, "").split("/");
    tree.add(path, { path, type });
  }
  return tree;
}

function found(name: string): Found {
  const type = name.endsWith("/") ? "folder" : "file";
  const path = name.replace(/\/$/, "").split("/");
  return { type, path, names: { alone: path, within: path, renamed: path }, shown: name };
}

/** What would be deleted and what would be put in its place. */
async function replaced(tree: Tree, source: Iterable<string>): Promise<string[]> {
  const clashes = new Clashes<Found>(tree, receivableBy([]));
  for (const name of source) clashes.take(found(name).path, found(name));
  const done: string[] = [];
  const tally = new Tally({ write: () => undefined } as never, {
    command: "MIRROR",
    shown: "MIRROR",
  });
  spyOn(tally, "deleted").mockImplementation((path) => void done.push(`-${path}`));
  const target = { checkRemovable: () => undefined } as never;
  const shown = (path: readonly string[]): string => path.join("/");
  await clashes.replaceAll(target, { verb: "GET", dryRun: true, tally, shown }, async (moved) => {
    for await (const some of moved) done.push(...some.map(({ shown: name }) => `+${name}`));
  });
  return done;
}

test.each<[string, string[], string[], string[]]>([
  ["a folder by a file", ["a/", "a/b", "c"], ["a", "c"], ["-a/b", "-a", "+a"]],
  ["a file by a folder", ["a"], ["a/", "a/b"], ["-a", "+a/", "+a/b"]],
  ["what is in a folder before it", ["a/", "a/b/", "a/b/c"], ["a"], ["-a/b/c", "-a/b", "-a", "+a"]],
  ["not what begins alike", ["a/", "ab/", "ab/c", "a.b"], ["a"], ["-a", "+a"]],
  [
    "each with its own",
    ["a/", "b/", "a/x", "b/x"],
    ["b", "a"],
    ["-b/x", "-b", "+b", "-a/x", "-a", "+a"],
  ],
  [
    "one in another only once",
    ["a/", "a/b/", "a/b/c", "a/d"],
    ["a/b", "a"],
    ["-a/b/c", "-a/b", "+a/b", "-a/d", "-a", "+a"],
  ],
  ["nothing in what is no folder", ["a", "a/b"], ["a/"], ["-a", "+a/"]],
])("replaces %s", async (_, target, source, expected) => {
  expect(await replaced(treeOf(target), source)).toEqual(expected);
});

test("goes through a large tree once, however many folders of it are files now", async () => {
  const folders = Array.from({ length: 1000 }, (_, number) => `d${number}`);
  const files = Array.from({ length: 20_000 }, (_, number) => `d${number % 1000}/f${number}`);
  const tree = treeOf([...folders.map((name) => `${name}/`), ...files]);
  const decoded = spyOn(PackedPaths.prototype, "at");
  try {
    expect(await replaced(tree, folders)).toHaveLength(22_000);
    // Once to find out where it belongs, and once for its path.
    expect(decoded.mock.calls.length).toBeLessThanOrEqual(2 * tree.size);
  } finally {
    decoded.mockRestore();
  }
});
