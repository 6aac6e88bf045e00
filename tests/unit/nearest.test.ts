import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { nearest } from "../../src/shell/nearest.ts";

const COMMANDS = ["open", "get", "put", "close", "quit", "help", "ls"];

describe("nearest()", () => {
  test.each([
    ["gte", "get"],
    ["egt", "get"],
    ["gett", "get"],
    ["ge", "get"],
    ["gat", "get"],
    ["GTE", "get"],
    ["qiut", "quit"],
    ["quti", "quit"],
    ["opne", "open"],
    ["colse", "close"],
    ["clsoe", "close"],
    ["sl", "ls"],
    ["hlep", "help"],
    ["lss", "ls"],
  ])("takes %s for %s", (typed, meant) => {
    expect(nearest(typed, COMMANDS)).toBe(meant);
  });

  test.each(["mkdir", "xyz", "gtx", "download", "oqxn", "getgetget"])(
    "knows nothing like %s",
    (typed) => {
      expect(nearest(typed, COMMANDS)).toBeUndefined();
    },
  );

  test("allows one mistake in three letters, and always one", () => {
    expect(nearest("resursive", ["recursive"])).toBe("recursive");
    expect(nearest("xesxrsixe", ["recursive"])).toBeUndefined();
    expect(nearest("xecxrsixe", ["recursive"])).toBe("recursive");
    expect(nearest("x", ["y"])).toBe("y");
    expect(nearest("xy", ["ab"])).toBeUndefined();
  });

  test("takes the nearest, and the first of those that are as near", () => {
    expect(nearest("posts", ["ports", "post", "posts"])).toBe("posts");
    expect(nearest("pat", ["put", "pit"])).toBe("put");
    expect(nearest("pat", ["pit", "put"])).toBe("pit");
  });

  test("gives no candidate when there is none", () => {
    expect(nearest("get", [])).toBeUndefined();
  });

  test("finds a word again that has one mistake", () => {
    const word = fc.stringMatching(/^[a-z]{3,12}$/);
    const letter = fc.stringMatching(/^[a-z]$/);
    fc.assert(
      fc.property(word, fc.nat(), letter, fc.nat(3), (word, where, letter, kind) => {
        const at = where % (word.length - 1);
        const typed = [
          word.slice(0, at) + word.slice(at + 1),
          word.slice(0, at) + letter + word.slice(at),
          word.slice(0, at) + letter + word.slice(at + 1),
          word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2),
        ][kind];
        expect(nearest(typed ?? "", [word])).toBe(word);
      }),
    );
  });

  test("gives a candidate or nothing, for any text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.array(fc.string({ unit: "binary" })),
        (typed, list) => {
          const found = nearest(typed, list);
          if (found !== undefined) expect(list).toContain(found);
          expect(nearest(typed, [...list, typed])?.toLowerCase()).toBe(typed.toLowerCase());
        },
      ),
    );
  });
});
