import { describe, expect, test } from "bun:test";
import { STAGING } from "../../../src/storage/names.ts";
import {
  bytesOf,
  entriesOf,
  expectProblem,
  listed,
  store,
  type Capabilities,
  type MakeGround,
} from "../ground.ts";

/** Names that some system takes for the staging folder's. */
const LOOK_ALIKES = [STAGING.toUpperCase(), ".Sftp-Staging", `${STAGING}.`, `${STAGING} `];

export function describeList(make: MakeGround, capabilities: Capabilities): void {
  describe("list", () => {
    test("of an empty root and of an empty folder has nothing", async () => {
      await using ground = await make();
      expect(await listed(ground.storage, [], true)).toEqual([]);
      await ground.storage.makeFolder(["empty"]);
      expect(await listed(ground.storage, ["empty"])).toEqual([]);
    });

    test("shows what a folder holds and nothing below", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["top"], "x");
      await store(storage, ["a", "file"], "x");
      await store(storage, ["a", "b", "deep"], "x");
      await storage.makeFolder(["a", "empty"]);
      expect(await listed(storage, [])).toEqual(["file top", "folder a"]);
      expect(await listed(storage, ["a"])).toEqual(["file a/file", "folder a/b", "folder a/empty"]);
    });

    test("goes down with recursive, each folder before what it holds", async () => {
      await using ground = await make();
      const { storage } = ground;
      const files: string[] = [];
      for (const parent of ["a", "a/b", "a/b/c", "d", "d/e"]) {
        for (const name of ["1", "2"]) {
          files.push(`${parent}/${name}`);
          await store(storage, [...parent.split("/"), name], "x");
        }
      }
      const paths = (await entriesOf(storage, [], true)).map(({ path }) => path.join("/"));
      expect(paths.toSorted()).toEqual(["a", "a/b", "a/b/c", "d", "d/e", ...files].toSorted());
      for (const [index, path] of paths.entries()) {
        const parent = path.split("/").slice(0, -1).join("/");
        if (parent !== "") expect(paths.slice(0, index)).toContain(parent);
      }
      expect(await listed(storage, ["d"], true)).toEqual([
        "file d/1",
        "file d/2",
        "file d/e/1",
        "file d/e/2",
        "folder d/e",
      ]);
    });

    test("tells of each entry what stat tells", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "run"], "123", { mtime: 1_234_567_890_123, exec: true });
      await store(storage, ["a", "text"], bytesOf(70_000), { mtime: 1 });
      for (const { path, ...entry } of await entriesOf(storage, ["a"])) {
        expect<unknown>(entry).toEqual(await storage.stat(path));
      }
    });

    test("of a file shows it alone, also with recursive", async () => {
      await using ground = await make();
      const { storage } = ground;
      await store(storage, ["a", "file"], "123", { mtime: 7 });
      const alone = { path: ["a", "file"], type: "file", size: 3, mtime: 7, exec: false } as const;
      expect(await entriesOf(storage, ["a", "file"])).toEqual([alone]);
      expect(await entriesOf(storage, ["a", "file"], true)).toEqual([alone]);
    });

    test("fails before its first entry where there is no folder", async () => {
      await using ground = await make();
      await store(ground.storage, ["file"], "x");
      await expectProblem("not-found", () => listed(ground.storage, ["missing"]));
      await expectProblem("not-a-file", () => listed(ground.storage, ["file", "x"]));
    });

    test("can be left before its end", async () => {
      await using ground = await make();
      const { storage } = ground;
      await Promise.all(
        Array.from({ length: 200 }, (_, index) => store(storage, [`f${index}`], "")),
      );
      let seen = 0;
      for await (const some of storage.list([], { recursive: true })) {
        seen = some.length;
        break;
      }
      expect(seen).toBeGreaterThan(0);
      expect(await listed(storage, [])).toHaveLength(200);
    });

    test("shows nothing that is being written", async () => {
      await using ground = await make();
      const { storage } = ground;
      const sink = await storage.create(["a", "file"], {});
      await sink.write(Buffer.from("half"));
      expect(await listed(storage, [], true)).toEqual([]);
      await sink.abort();
    });

    test.skipIf(!capabilities.foreignNames)(
      "hides the staging folder, and at most refuses what looks like it, at any depth",
      async () => {
        await using ground = await make();
        for (const name of [STAGING, ...LOOK_ALIKES]) {
          await ground.plant([name, "inside"], bytesOf(1));
          await ground.plant(["sub", name, "inside"], bytesOf(1));
        }
        await ground.plant(["sub", "shown"], bytesOf(1));
        const all = await listed(ground.storage, [], true);
        expect(all.some((entry) => entry.endsWith(STAGING))).toBe(false);
        const served = all.filter((entry) => !entry.startsWith("refused "));
        expect(served).toEqual(["file sub/shown", "folder sub"]);
      },
    );

    test.skipIf(!capabilities.foreignNames)(
      "shows what is only similar to the staging folder",
      async () => {
        await using ground = await make();
        await ground.plant([`${STAGING}2`], bytesOf(1));
        await ground.plant([STAGING.slice(1)], bytesOf(1));
        expect(await listed(ground.storage, [])).toHaveLength(2);
      },
    );
  });
}
