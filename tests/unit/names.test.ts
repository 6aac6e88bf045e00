import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { StorageError } from "../../src/storage/errors.ts";
import {
  checkChangeable,
  checkCreatable,
  checkReadable,
  isStaging,
  STAGING,
  whyNotCreatable,
} from "../../src/storage/names.ts";
import { ALLOWED, NEVER, READ_ONLY, STAGED } from "./names.ts";

type Check = (path: readonly string[]) => void;

/** Whether a name is let through in every place of a path: true or false; or where it differs. */
function passes(check: Check, name: string): boolean | string {
  const places = [[name], [name, "x"], ["x", name], ["x", name, "x"]];
  const results = places.map((path) => {
    try {
      check(path);
      return true;
    } catch (error) {
      if (error instanceof StorageError && error.problem === "name") return false;
      throw error;
    }
  });
  return results.every((result) => result === results[0]) ? results[0] === true : results.join();
}

describe("checkReadable()", () => {
  test.each([...NEVER, ...STAGED])("refuses %j in any place", (name) => {
    expect(passes(checkReadable, name)).toBe(false);
  });

  test.each([...READ_ONLY, ...ALLOWED])("allows %j in any place", (name) => {
    expect(passes(checkReadable, name)).toBe(true);
  });

  test("allows the root", () => {
    expect(() => checkReadable([])).not.toThrow();
  });
});

describe("checkChangeable()", () => {
  test("refuses the root and what cannot be read, and allows what can", () => {
    expect(() => checkChangeable([])).toThrow(StorageError);
    for (const name of [...NEVER, ...STAGED]) expect(passes(checkChangeable, name)).toBe(false);
    for (const name of [...READ_ONLY, ...ALLOWED]) expect(passes(checkChangeable, name)).toBe(true);
  });
});

describe("checkCreatable()", () => {
  test.each([...NEVER, ...STAGED, ...READ_ONLY])("refuses %j in any place", (name) => {
    expect(passes(checkCreatable, name)).toBe(false);
  });

  test.each(ALLOWED)("allows %j in any place", (name) => {
    expect(passes(checkCreatable, name)).toBe(true);
  });

  test("refuses the root", () => {
    expect(() => checkCreatable([])).toThrow(StorageError);
  });

  test("refuses every control character, wherever it stands", () => {
    const control = fc.oneof(
      fc.integer({ min: 0, max: 0x1f }),
      fc.integer({ min: 0x7f, max: 0x9f }),
    );
    fc.assert(
      fc.property(fc.string(), control, fc.string(), (before, code, after) => {
        expect(whyNotCreatable(before + String.fromCharCode(code) + after)).toBeString();
      }),
    );
  });

  test("allows only what checkReadable() allows, and only in NFC", () => {
    const name = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...STAGED, ...READ_ONLY));
    fc.assert(
      fc.property(name, (name) => {
        if (passes(checkCreatable, name) === false) return;
        expect(passes(checkReadable, name)).toBe(true);
        expect(name.normalize("NFC")).toBe(name);
      }),
    );
  });

  test("throws a StorageError that can name the path in another form", () => {
    try {
      checkCreatable(["a", "b:c"]);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      expect(error.problem).toBe("name");
      expect(error.path).toEqual(["a", "b:c"]);
      expect(error.message).toContain("a/b:c");
      expect(error.describe((path) => path.map(encodeURIComponent).join("/"))).toContain("a/b%3Ac");
    }
  });
});

describe.each([
  ["checkReadable()", checkReadable],
  ["checkCreatable()", checkCreatable],
])("%s", (_, check: Check) => {
  const four = ["a", "b", "c", "d"].map((letter) => letter.repeat(255));

  test("allows a path of 1,024 bytes with its slashes, and refuses one of 1,025", () => {
    const most = [...four.slice(0, 3), "d".repeat(254), "e"];
    expect(Buffer.byteLength(most.join("/"))).toBe(1024);
    expect(() => check(most)).not.toThrow();
    expect(() => check([...four, "e"])).toThrow(StorageError);
    expect(() => check(Array.from({ length: 513 }, () => "a"))).toThrow(StorageError);
    expect(() => check(Array.from({ length: 512 }, () => "a"))).not.toThrow();
  });

  test("counts the bytes of a path, not its characters", () => {
    expect(() => check(Array.from({ length: 5 }, () => "é".repeat(110)))).toThrow(StorageError);
  });
});

describe("isStaging()", () => {
  test.each([STAGING, ...STAGED])("is true of %j", (name) => {
    expect(isStaging(name)).toBe(true);
  });

  test.each(ALLOWED)("is false of %j", (name) => {
    expect(isStaging(name)).toBe(false);
  });
});
