import { describe, expect, test } from "bun:test";
import { STAGING } from "../../../src/storage/names.ts";
import type { Path } from "../../../src/storage/errors.ts";
import {
  bytesOf,
  expectProblem,
  listed,
  load,
  store,
  type Capabilities,
  type MakeGround,
} from "../ground.ts";

/** Paths that no method may take. */
const UNREADABLE: readonly (readonly [string, Path])[] = [
  ["the folder above", [".."]],
  ["the folder above, deep in", ["a", "..", "..", "x"]],
  ["the folder itself", ["a", "."]],
  ["an empty part", ["a", "", "x"]],
  ["a slash", ["a/b"]],
  ["an absolute name", ["/etc"]],
  ["a NUL", ["a\0b"]],
  ["half a surrogate pair", ["a\ud800"]],
  ["a part that is too long", ["é".repeat(128)]],
  ["a path that is too long", Array.from({ length: 9 }, () => "x".repeat(120))],
  ["the staging folder", [STAGING]],
  ["what the staging folder holds", [STAGING, "x"]],
  ["a staging folder deep in", ["a", STAGING, "x"]],
  ["the staging folder in another case", [".SFTP-Staging", "x"]],
];

/** Paths that can be there, and that nobody may make. */
const NOT_CREATABLE: readonly (readonly [string, Path])[] = [
  ["a control character", ["a\u001b[2J"]],
  ["a line end", ["a\nDELETE b"]],
  ["a backslash", ["..\\x"]],
  ["a colon", ["C:"]],
  ["a dot at the end", ["a."]],
  ["a space at the end", ["sub", "a "]],
  ["a device of Windows", ["nul.txt"]],
  ["a letter not composed", ["e\u0301"]],
];

export function describeNames(make: MakeGround, capabilities: Capabilities): void {
  describe("names", () => {
    test.each(UNREADABLE)("no method takes %s", async (_what, path) => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "x");
      await expectProblem("name", () => storage.stat(path));
      await expectProblem("name", () => listed(storage, path));
      await expectProblem("name", () => storage.open(path));
      await expectProblem("name", () => storage.delete(path));
      await expectProblem("name", () => storage.create(path, {}));
      await expectProblem("name", () => storage.makeFolder(path));
      await expectProblem("name", () => storage.rename(path, ["g"]));
      await expectProblem("name", () => storage.rename(["f"], path));
      expect(await listed(storage, [], true)).toEqual(["file f"]);
    });

    test.each(NOT_CREATABLE)("nobody can make %s", async (_what, path) => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["f"], "x");
      await expectProblem("name", () => storage.create(path, {}));
      await expectProblem("name", () => storage.create([...path, "below"], {}));
      await expectProblem("name", () => storage.makeFolder(path));
      await expectProblem("name", () => storage.rename(["f"], path));
      expect(await listed(storage, [], true)).toEqual(["file f"]);
    });

    test("the root is not made", async () => {
      await using ground = await make();
      await expectProblem("name", () => ground.storage.create([], {}));
      await expectProblem("name", () => ground.storage.makeFolder([]));
    });

    test.skipIf(!capabilities.foreignNames).each(NOT_CREATABLE)(
      "what is there already under %s can be read, moved and removed",
      async (_what, path) => {
        await using ground = await make();
        const { storage } = ground;
        await ground.plant(path, Buffer.from("there"));
        expect(await listed(storage, [], true)).toContain(`file ${path.join("/")}`);
        expect(await storage.stat(path)).toMatchObject({ type: "file", size: 5 });
        expect((await load(storage, path)).toString()).toBe("there");
        await storage.rename(path, ["moved"]);
        expect((await load(storage, ["moved"])).toString()).toBe("there");
        await ground.plant(path, bytesOf(1));
        await storage.delete(path);
        expect(await ground.holds(path)).toBe(false);
      },
    );

    test("names are compared byte for byte", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["\u00e9"], "composed");
      await expectProblem("not-found", () => storage.open(["e\u0301"]));
      await expectProblem("not-found", () => storage.delete(["e\u0301"]));
    });

    test("any other letter of any script is kept as it is", async () => {
      await using ground = await make();
      const { storage } = ground;
      const names = [
        "größe",
        "文件",
        "🎉",
        "a b",
        "%41",
        "-rf",
        "~",
        "a'b\"c",
        ".hidden",
        "x".repeat(255),
      ];
      for (const name of names) await store(storage, [name], name);
      expect(await listed(storage, [])).toEqual(names.map((name) => `file ${name}`).toSorted());
      for (const name of names) expect((await load(storage, [name])).toString()).toBe(name);
    });
  });
}
