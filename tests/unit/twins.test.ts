import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { folded } from "../../src/platform/names.ts";
import { kinshipOf, type Entries } from "../../src/storage/local/twins.ts";

/** A folder that takes names for one where `fold` makes one of them. */
function folderOf(names: readonly string[], fold: (name: string) => string): Entries {
  return {
    has: async (name) => names.some((there) => fold(there) === fold(name)),
    names: async () => names,
  };
}

const exact = (name: string): string => name;
const byCase = (name: string): string => name.toUpperCase();
const byForm = (name: string): string => name.normalize("NFD");

describe("kinshipOf()", () => {
  test.each([
    ["README", "readme"],
    ["Notes.TXT", "notes.txt"],
    ["É", "é"],
    ["e\u0301", "\u00e9"],
    ["\u00c5ngstrom", "A\u030angstrom"],
  ])("finds a twin where %j is there and %j is wanted", async (there, wanted) => {
    expect(await kinshipOf(folderOf([there], folded), wanted)).toBe("twin");
  });

  test("finds none under the name itself, wherever names are folded", async () => {
    for (const name of ["README", "readme", "caf\u00e9", "123", "."]) {
      for (const fold of [byCase, byForm, folded]) {
        expect(await kinshipOf(folderOf([name, "other"], fold), name)).not.toBe("twin");
      }
    }
  });

  test("tells that a folder keeps them apart", async () => {
    const both = folderOf(["README", "readme"], exact);
    expect(await kinshipOf(both, "readme")).toBe("exact");
    expect(await kinshipOf(folderOf(["readme"], exact), "readme")).toBe("exact");
  });

  test("is not led astray by a file that goes while it is looked at", async () => {
    let asked = 0;
    const gone: Entries = { has: async () => asked++ === 0, names: async () => [] };
    expect(await kinshipOf(gone, "readme")).toBe("own");
  });

  test("finds a twin exactly where the one that is there has another spelling", async () => {
    const letters = fc.string({
      unit: fc.constantFrom("a", "A", "é", "e\u0301", "1"),
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(letters, letters, async (there, wanted) => {
        const kinship = await kinshipOf(folderOf([there], folded), wanted);
        const collides = there !== wanted && folded(there) === folded(wanted);
        expect(kinship === "twin").toBe(collides);
      }),
    );
  });
});
