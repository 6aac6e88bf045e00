import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { CommandFailed } from "../../src/client/errors.ts";
import { meansFolder, parseRemotePath } from "../../src/shell/remote-path.ts";

/** The status of the failure that reading a path ends in. */
function statusOf(typed: string): number | undefined {
  try {
    parseRemotePath(typed, []);
    return undefined;
  } catch (error) {
    if (error instanceof CommandFailed) return error.status;
    throw error;
  }
}

describe("parseRemotePath()", () => {
  test.each<[string, string[]]>([
    ["", []],
    ["/", []],
    [".", []],
    ["a", ["a"]],
    ["a/b", ["a", "b"]],
    ["/a/b/", ["a", "b"]],
    ["//a//b", ["a", "b"]],
    ["./a/./b", ["a", "b"]],
    ["a/../b", ["b"]],
    ["a/b/../..", []],
    ["a/...", ["a", "..."]],
    ["..a/b..", ["..a", "b.."]],
    ["..\\a", ["..\\a"]],
    ["%2e%2e/a", ["%2e%2e", "a"]],
    [" a ", [" a "]],
  ])("reads %j", (typed, path) => {
    expect(parseRemotePath(typed, [])).toEqual(path);
  });

  test.each(["..", "/..", "../x", "a/../../x", "./..", "a/../..", "//../x", "a/b/../../.."])(
    "refuses %s with status 6",
    (typed) => {
      expect(statusOf(typed)).toBe(6);
    },
  );

  test("gives only names, or refuses, for any path", () => {
    const part = fc.oneof(fc.constantFrom("", ".", "..", "..."), fc.string());
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const typed = parts.join("/");
        if (statusOf(typed) !== undefined) return;
        for (const name of parseRemotePath(typed, [])) {
          expect(["", ".", ".."]).not.toContain(name);
          expect(name).not.toContain("/");
        }
      }),
    );
  });

  test("reads again what it gave as the same", () => {
    const part = fc.string({ minLength: 1 }).filter((text) => !/^\.{1,2}$|\//.test(text));
    fc.assert(
      fc.property(fc.array(part), (path) => {
        expect(parseRemotePath(path.join("/"), [])).toEqual(path);
        expect(parseRemotePath(`/x/../${path.join("/")}`, [])).toEqual(path);
      }),
    );
  });
});

describe("meansFolder()", () => {
  test.each(["", "/", "a/", "a/b/", ".", "..", "./", "../", "a/.", "a/..", "/.", "a//"])(
    "is true of %j",
    (typed) => {
      expect(meansFolder(typed)).toBe(true);
    },
  );

  test.each(["a", "a/b", "...", "a/...", ".a", "a.", "a..", "/a"])("is false of %j", (typed) => {
    expect(meansFolder(typed)).toBe(false);
  });
});
