import { describe, expect, test } from "bun:test";
import { array, assert, constantFrom, nat, property } from "fast-check";
import { Ways, wayTo } from "../../src/storage/ways.ts";

/** Names that some file system takes for one, and some that begin alike. */
const name = constantFrom("a", "A", "ab", "\u00e9", "e\u0301", "É", "Straße", "STRASSE", "b");
const path = array(name, { maxLength: 3 });

/** The rule in one line: the same when folded, or one begins with the other. */
function areInTheWay(one: readonly string[], other: readonly string[]): boolean {
  const [mine, theirs] = [one, other].map((path) =>
    ["", ...path, ""].join("/").toUpperCase().normalize("NFC"),
  );
  const [first, second] = [mine ?? "", theirs ?? ""].map((way) => (way === "//" ? "/" : way));
  return first === undefined || second === undefined
    ? false
    : first.startsWith(second) || second.startsWith(first);
}

describe("Ways", () => {
  test("find exactly those that are in the way, whatever comes and goes", () => {
    assert(
      property(array(path, { maxLength: 12 }), nat(), path, (paths, removed, wanted) => {
        const ways = new Ways<number>();
        for (const [owner, one] of paths.entries()) ways.add([wayTo(one)], owner);
        const gone = paths[removed % Math.max(1, paths.length)];
        if (gone !== undefined) ways.remove([wayTo(gone)], removed % paths.length);
        const expected = [...paths.keys()].filter(
          (owner) => owner !== removed % paths.length && areInTheWay(paths[owner] ?? [], wanted),
        );
        const found = new Set(ways.inTheWayOf(wayTo(wanted)));
        expect([...found].toSorted((one, other) => one - other)).toEqual(expected);
        expect(ways.blocks(wayTo(wanted))).toBe(expected.length > 0);
      }),
      { numRuns: 2000 },
    );
  });
});
