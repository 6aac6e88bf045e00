import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { baseNamesOf, behind, namesOf, readOrder } from "../../src/shell/many/destination.ts";
import { parseCommands } from "../../src/shell/parse.ts";

/** What is read from a line: the sources, and the target with `/` for a folder. */
function read(line: string, many = false): [string[], string | undefined, boolean] {
  const words = parseCommands(line)[0]?.words ?? [];
  const { sources, target, intoFolder } = readOrder(words, many);
  return [sources.map(({ text }) => text), target?.text, intoFolder];
}

describe("readOrder()", () => {
  test.each<[string, string[], string | undefined, boolean]>([
    ["a", ["a"], undefined, false],
    ["a/", ["a/"], undefined, false],
    ["a b", ["a"], "b", false],
    ["a b/", ["a"], "b/", true],
    ["a .", ["a"], ".", true],
    ["a ..", ["a"], "..", true],
    ["a b c", ["a", "b", "c"], undefined, false],
    ["a b c/", ["a", "b"], "c/", true],
    ["a b ../c/..", ["a", "b"], "../c/..", true],
    ["*.csv", ["*.csv"], undefined, false],
    ["*.csv d", ["*.csv", "d"], undefined, false],
    ["*.csv d/", ["*.csv"], "d/", true],
    ["a b*", ["a", "b*"], undefined, false],
    ["a b*/", ["a", "b*/"], undefined, false],
    ["'a*' b", ["a*"], "b", false],
    ["a 'b*'", ["a"], "b*", false],
    ["a b\\*/", ["a"], "b*/", true],
  ])("reads %j", (line, sources, target, intoFolder) => {
    expect(read(line)).toEqual([sources, target, intoFolder]);
  });

  test.each<[string, string[], string | undefined, boolean]>([
    ["a", ["a"], undefined, false],
    ["a b", ["a", "b"], undefined, false],
    ["a b/", ["a"], "b/", true],
    ["a/", ["a/"], undefined, false],
  ])("of MGET and MPUT reads %j", (line, sources, target, intoFolder) => {
    expect(read(line, true)).toEqual([sources, target, intoFolder]);
  });

  test("loses no word", () => {
    const word = fc.record({
      text: fc.constantFrom("a", "b/", "*", ".", "c?"),
      quoted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(word), fc.boolean(), (words, many) => {
        const { sources, target } = readOrder(words, many);
        expect([...sources, ...(target === undefined ? [] : [target])]).toEqual(words);
        expect(words.length === 0 || sources.length > 0).toBe(true);
      }),
    );
  });
});

describe("namesOf()", () => {
  test.each<[string, string[], boolean, string[], string[]]>([
    ["a", ["a"], false, ["a"], ["a"]],
    ["a/b", ["a", "b"], false, ["a", "b"], ["b"]],
    ["/a/b", ["a", "b"], false, ["a", "b"], ["b"]],
    ["./a//b/", ["a", "b"], false, ["a", "b"], ["b"]],
    ["a/../b", ["b"], false, ["b"], ["b"]],
    ["../b/c", ["b", "c"], false, ["c"], ["c"]],
    ["/tmp/b/c", ["c"], true, ["c"], ["c"]],
    ["~/c", ["c"], true, ["c"], ["c"]],
    [".", ["x"], false, [], []],
    ["a/.", ["a"], false, ["a"], []],
    ["..", ["x"], false, [], []],
    ["/", [], false, [], []],
  ])("of %s", (typed, resolved, leadsElsewhere, alone, within) => {
    expect(namesOf(typed, resolved, leadsElsewhere)).toEqual({ alone, within, renamed: [] });
  });

  test("what is behind a path keeps the way to it under each name", () => {
    expect(behind(namesOf("a/b", ["a", "b"], false), ["c", "d"])).toEqual({
      alone: ["a", "b", "c", "d"],
      within: ["b", "c", "d"],
      renamed: ["c", "d"],
    });
  });

  test("never leads out of where it goes", () => {
    const typed = fc
      .array(fc.constantFrom("a", "b", "..", ".", ""), { minLength: 1, maxLength: 8 })
      .map((parts) => parts.join("/"));
    fc.assert(
      fc.property(typed, fc.boolean(), (text, leadsElsewhere) => {
        const { alone, within } = namesOf(text, ["r", "s"], leadsElsewhere);
        for (const part of [...alone, ...within, ...baseNamesOf(text, leadsElsewhere)]) {
          expect(["a", "b", "r", "s"]).toContain(part);
        }
      }),
    );
  });
});

describe("baseNamesOf()", () => {
  test.each<[string, boolean, string[]]>([
    ["", false, []],
    ["a/b", false, ["a", "b"]],
    ["a/../b", false, ["b"]],
    ["..", false, []],
    ["../b", false, []],
    ["/tmp/b", true, []],
    ["~", true, []],
  ])("keeps of %j what leads to it from here", (typed, leadsElsewhere, kept) => {
    expect(baseNamesOf(typed, leadsElsewhere)).toEqual(kept);
  });
});
