import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Extras } from "../../src/shell/many/extras.ts";
import { receivableBy } from "../../src/shell/many/receivable.ts";
import { Tree } from "../../src/shell/many/tree.ts";

type Type = "file" | "folder" | "refused";

/** Entries such as `a/`, `a/b` and `a/c!` for a folder, a file and what is refused. */
function entriesOf(names: readonly string[]) {
  return names.map((name) => {
    const types: Record<string, Type> = { "/": "folder", "!": "refused" };
    const type = types[name.slice(-1)] ?? "file";
    const path = (type === "file" ? name : name.slice(0, -1)).split("/");
    return { path, type, reason: "a link" };
  });
}

/** A path of names of 250 bytes: of four it may be, of five it is too long. */
function long(names: number): string {
  return Array.from({ length: names }, () => "n".repeat(250)).join("/");
}

function extras(target: readonly string[], source: readonly string[]) {
  const tree = new Tree();
  for (const entry of entriesOf(target)) tree.add(entry.path, entry);
  const found = new Extras(tree, receivableBy([]));
  for (const { path, type } of entriesOf(source)) found.add(path.join("/"), type);
  const { remove, keep } = found.judge();
  return {
    remove: [...remove],
    keep: Array.from(keep, ({ path }) => path.join("/")),
  };
}

describe("Extras", () => {
  test.each<[string, string[], string[], string[], string[]]>([
    ["nothing where both have the same", ["a", "b/", "b/c"], ["a", "b/", "b/c"], [], []],
    ["what the source lacks", ["a", "b"], ["a"], ["b"], []],
    ["what is in a folder before it", ["a/", "a/b/", "a/b/c"], [], ["a/b/c", "a/b", "a"], []],
    ["not the folder of a link", ["a/", "a/b", "a/c!"], [], ["a/b"], ["a/c"]],
    ["not what the source cannot serve", ["a", "b"], ["a!"], ["b"], ["a"]],
    ["nor what is in it", ["a/", "a/b/", "a/b/c", "d"], ["a!"], ["d"], ["a"]],
    ["nor the folders that it is in", ["a/", "a/b", "a/c"], ["a/", "a/b!"], ["a/c"], ["a/b"]],
    ["not another form of its name", ["\u00e9", "e"], ["e\u0301"], ["e"], ["\u00e9"]],
    ["not another case of its name", ["readme", "b"], ["README"], ["b"], ["readme"]],
    ["nor the folder of one", ["docs/", "docs/a"], ["Docs/", "Docs/A"], [], ["docs/a", "docs"]],
    ["a twin where the target has both", ["readme", "README"], ["README"], ["readme"], []],
    ["nothing in another case of what is refused", ["d/", "d/x"], ["D!"], [], []],
    ["not what begins alike", ["ab/", "ab/c", "a/"], ["a/"], ["ab/c", "ab"], []],
    ["not what the source cannot have", ["a:b", "b"], [], ["b"], ["a:b"]],
    ["nor the folder of it", ["a/", "a/b", "a/c:"], [], ["a/b"], ["a/c:"]],
    ["nor what is in it, told once", ["a:/", "a:/b/", "a:/b/c:", "d"], [], ["d"], ["a:"]],
    ["what is in it, told where both have it", ["a:/", "a:/b"], ["a:/"], [], ["a:/b"]],
    ["not what is too long", ["short", long(5)], [], ["short"], [long(5)]],
  ])("finds %s", (_, target, source, remove, keep) => {
    expect(extras(target, source)).toEqual({ remove, keep });
  });

  test("a folder that could not be read after all is refused", () => {
    expect(extras(["a/", "a/b"], ["a/", "a!"])).toEqual({ remove: [], keep: ["a"] });
  });

  const type = fc.constantFrom<Type>("file", "folder", "refused");
  const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 });
  const tree = fc.array(fc.tuple(path, type), { maxLength: 12 }).map((entries) => {
    const listed = new Map<string, Type>();
    for (const [parts, what] of entries) {
      const folders = parts.slice(0, -1).map((_, depth) => parts.slice(0, depth + 1).join("/"));
      // What is no folder holds nothing.
      if (folders.some((name) => (listed.get(name) ?? "folder") !== "folder")) continue;
      if (listed.has(parts.join("/"))) continue;
      for (const name of folders) listed.set(name, "folder");
      listed.set(parts.join("/"), what);
    }
    return listed;
  });

  test("removes nothing that the source has or hides, and what it removes leaves empty folders", () => {
    fc.assert(
      fc.property(tree, tree, (target, source) => {
        const marks = { file: "", folder: "/", refused: "!" };
        const named = (listed: ReadonlyMap<string, Type>): string[] =>
          Array.from(listed, ([name, what]) => `${name}${marks[what]}`);
        const { remove } = extras(named(target), named(source));
        const left = new Set(target.keys());
        for (const name of remove) {
          expect(target.get(name)).not.toBe("refused");
          expect(source.has(name)).toBe(false);
          const above = name
            .split("/")
            .map((_, depth, parts) => parts.slice(0, depth + 1).join("/"));
          expect(above.some((folder) => source.get(folder) === "refused")).toBe(false);
          expect([...left].some((other) => other.startsWith(`${name}/`))).toBe(false);
          left.delete(name);
        }
        for (const name of left) {
          const parts = name.split("/");
          const isHidden = parts.some(
            (_, depth) => source.get(parts.slice(0, depth + 1).join("/")) === "refused",
          );
          const holds = [...left].some((other) => other.startsWith(`${name}/`));
          expect(source.has(name) || isHidden || target.get(name) === "refused" || holds).toBe(
            true,
          );
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("200,000 names that differ in their case alone", () => {
  const letters = "abcdefghijklmnopqrst";
  const names = Array.from({ length: 200_000 }, (_, number) =>
    letters.replace(/./g, (letter, at: number) =>
      (number >> at) % 2 === 0 ? letter : letter.toUpperCase(),
    ),
  );

  // Whoever compares each with each is busy for hours, and hears no Ctrl-C meanwhile.
  test.each<[string, string[], string[], number, number]>([
    ["of the source", ["a", letters], names, 1, 0],
    ["of the target", names, [letters.toUpperCase()], 0, names.length],
    ["of both", names, names, 0, 0],
    ["of both, of which the target lacks one", names.slice(1), names, 0, 0],
  ])("%s are judged at once", (_, target, source, removed, kept) => {
    const { remove, keep } = extras(target, source);
    expect([remove.length, keep.length]).toEqual([removed, kept]);
  });
});
