import { describe, expect, test } from "bun:test";
import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rmdir,
  symlink,
  unlink,
  watch,
  writeFile,
} from "node:fs/promises";
import type { Path } from "../../src/storage/errors.ts";
import { STAGING } from "../../src/storage/names.ts";
import { BLOCK_SIZE } from "../../src/storage/read-blocks.ts";
import type { Part, Storage } from "../../src/storage/storage.ts";
import { bytesOf, expectProblem, listed, load, problemOf, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

describe("LocalStorage: the staging folder", () => {
  test("belongs to its owner alone, and holds what is being written", async () => {
    await using ground = await LocalGround.make();
    const sink = await ground.storage.create(["f"], {});
    expect((await lstat(ground.at(STAGING))).mode & 0o777).toBe(0o700);
    expect(await ground.staged()).toHaveLength(1);
    await sink.commit({});
    expect(await ground.staged()).toEqual([]);
  });

  test("goes by itself after the last file", async () => {
    await using ground = await LocalGround.make();
    const stop = new AbortController();
    const events = watch(ground.root, { signal: stop.signal });
    await store(ground.storage, ["f"], "x");
    for await (const _event of events) if (!(await ground.holds([STAGING]))) break;
    stop.abort();
    expect(await readdir(ground.root)).toEqual(["f"]);
    await store(ground.storage, ["g"], "x");
    expect((await load(ground.storage, ["g"])).toString()).toBe("x");
  });

  test("is clean after writes that were cancelled or refused", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    await storage.makeFolder(["late"]);
    const aborted = await storage.create(["a"], {});
    await aborted.write(bytesOf(3_000_000));
    const refused = await storage.create(["b"], { absent: true });
    await store(storage, ["b"], "x");
    await expectProblem("exists", () => refused.commit({}));
    await aborted.abort();
    expect(await ground.staged()).toEqual([]);
  });

  test.each([
    ["a link to a folder", true, (path: string) => symlink("../outside", path)],
    ["a link to nothing", true, (path: string) => symlink("../outside/fresh", path)],
    ["a file", false, (path: string) => writeFile(path, "planted")],
  ])("%s in its place is refused, not followed and left alone", async (_what, isLink, plant) => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    await plant(ground.at(STAGING));
    const before = isLink
      ? await readlink(ground.at(STAGING))
      : await readFile(ground.at(STAGING), "utf8");
    await expectProblem("failed", () => storage.create(["f"], {}));
    await expectProblem("failed", () => storage.create(["f"], { absent: true }));
    await expect(storage.create(["f"], {})).rejects.toThrow(STAGING);
    const after = isLink
      ? await readlink(ground.at(STAGING))
      : await readFile(ground.at(STAGING), "utf8");
    expect(after).toBe(before);
    expect(await readdir(ground.outside)).toEqual([]);
    expect(await listed(storage, [], true)).toEqual([]);
    await unlink(ground.at(STAGING));
    await store(storage, ["f"], "x");
    expect(await listed(storage, [], true)).toEqual(["file f"]);
  });

  test("leftovers of a program that was killed stay, and no method reaches them", async () => {
    await using ground = await LocalGround.make();
    await ground.plant([STAGING, "left.part"], Buffer.from("half"));
    const storage = await ground.again();
    for (const name of [STAGING, STAGING.toUpperCase()]) {
      const path = [name, "left.part"];
      await expectProblem("name", () => storage.stat(path));
      await expectProblem("name", () => storage.open(path));
      await expectProblem("name", () => storage.delete(path));
      await expectProblem("name", () => storage.delete([name]));
      await expectProblem("name", () => storage.rename(path, ["mine"]));
      await expectProblem("name", () => storage.rename([name], ["mine"]));
      await expectProblem("name", () => listed(storage, [name]));
      await expectProblem("name", () => storage.create(path, {}));
      await expectProblem("name", () => storage.makeFolder([name, "x"]));
    }
    expect(await listed(storage, [], true)).toEqual([]);
    await store(storage, ["f"], "x");
    await storage.close();
    expect(await readFile(ground.at(STAGING, "left.part"), "utf8")).toBe("half");
  });

  test("files of a user that look like it survive", async () => {
    await using ground = await LocalGround.make();
    const paths = [
      [".SFTP-STAGING", "mine.part"],
      ["sub", STAGING, "mine.part"],
      [`${STAGING}.`, "mine"],
    ];
    for (const path of paths) await ground.plant(path, Buffer.from("mine"));
    await mkdir(ground.at("sub", ".Sftp-Staging"));
    const storage = await ground.again();
    await store(storage, ["sub", "f"], "x");
    await storage.close();
    for (const path of paths) expect(await readFile(ground.at(...path), "utf8")).toBe("mine");
    expect(await ground.holds(["sub", ".Sftp-Staging"])).toBe(true);
    await expectProblem("not-empty", async () => {
      await ground.storage.delete(["sub", "f"]);
      await ground.storage.delete(["sub"]);
    });
  });

  test("may be removed by another program at any time it is empty", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    for (let round = 0; round < 20; round++) {
      await store(storage, ["first"], "x");
      await rmdir(ground.at(STAGING));
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          problemOf(() => store(storage, ["a", `f${index}`], `content ${index}`)),
        ),
      );
      expect(outcomes.filter((outcome) => outcome !== "done")).toEqual([]);
    }
    for (let index = 0; index < 20; index++) {
      expect((await load(storage, ["a", `f${index}`])).toString()).toBe(`content ${index}`);
    }
    expect(await ground.staged()).toEqual([]);
  });

  test("is opened anew for a part where another process has made it again meanwhile", async () => {
    await using ground = await LocalGround.make();
    const part = { id: "0123456789abcdef0123456789abcdef", onTaken: () => undefined };
    const left = await (await ground.again()).create(["f"], { part });
    await store(ground.storage, ["g"], "x");
    await left.abort();
    await rmdir(ground.at(STAGING));
    const other = await (await ground.again()).create(["f"], { part });
    await other.write(bytesOf(300_000));
    await other.keep();
    const resumed = await ground.storage.resume(["f"], part, {});
    expect(resumed?.held).toBe(262_144);
    await resumed?.commit({});
  });

  test("is shared by storages that come and go", async () => {
    await using ground = await LocalGround.make();
    const comeAndGo = async (name: string): Promise<string[]> => {
      const outcomes: string[] = [];
      for (let round = 0; round < 60; round++) {
        const storage = await ground.again();
        outcomes.push(await problemOf(() => store(storage, [name], `${round}`)));
        await storage.close();
      }
      return outcomes;
    };
    const outcomes = await Promise.all(["a", "b", "c", "d"].map(comeAndGo));
    expect(outcomes.flat().filter((outcome) => outcome !== "done")).toEqual([]);
    expect(await readdir(ground.root)).toEqual(expect.arrayContaining(["a", "b", "c", "d"]));
    expect(await ground.holds([STAGING])).toBe(false);
  });

  test("what others remove from it fails the file, and stores nothing", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    const sink = await storage.create(["a", "f"], {});
    await sink.write(Buffer.from("x"));
    for (const name of await ground.staged()) await unlink(ground.at(STAGING, name));
    await expectProblem("failed", () => sink.commit({}));
    await expectProblem("not-found", () => storage.stat(["a", "f"]));
  });
});

test("what others do to the staging folder is never taken for a missing file", async () => {
  await using ground = await LocalGround.make();
  const { storage } = ground;
  const staging = ground.at(STAGING);
  const asked = new AbortController();
  const remaking = (async () => {
    while (!asked.signal.aborted) {
      await mkdir(staging).catch(() => undefined);
      await rmdir(staging).catch(() => undefined);
    }
  })();
  const part = { id: "0123456789abcdef0123456789abcdef", onTaken: () => undefined };
  try {
    for (let round = 0; round < 2000; round++) {
      expect(await storage.resume(["f"], part, {})).toBeUndefined();
    }
  } finally {
    asked.abort();
    await remaking;
  }
});

describe("LocalStorage: what was left for a name", () => {
  const ONE = "1".repeat(32);
  const TWO = "2".repeat(32);
  const partOf = (id: string): Part => ({ id, onTaken: () => undefined });
  const leave = async (storage: Storage, path: Path, id: string, by?: string): Promise<void> => {
    const sink = await storage.create(path, { part: partOf(id), by });
    await sink.write(bytesOf(2 * BLOCK_SIZE));
    await sink.keep();
  };
  const holds = async (storage: Storage, path: Path, id: string, by?: string): Promise<boolean> => {
    const sink = await storage.resume(path, partOf(id), { by });
    await sink?.keep();
    return sink !== undefined;
  };

  test("is forgotten by whoever stores it anew, and nothing of other names or people", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    await leave(storage, ["f"], ONE, "anna");
    await leave(storage, ["g"], ONE, "anna");
    await leave(storage, ["f"], ONE, "bert");
    await leave(storage, ["f"], ONE);
    let forgotten = 0;
    const whose = { by: "anna", onForgotten: (bytes: number) => (forgotten += bytes) };
    const sink = await storage.create(["f"], { part: partOf(TWO), ...whose });
    expect(forgotten).toBe(2 * BLOCK_SIZE);
    await sink.write(bytesOf(BLOCK_SIZE));
    await sink.commit({});
    expect(await holds(storage, ["f"], ONE, "anna")).toBe(false);
    expect(await holds(storage, ["g"], ONE, "anna")).toBe(true);
    expect(await holds(storage, ["f"], ONE, "bert")).toBe(true);
    expect(await holds(storage, ["f"], ONE)).toBe(true);
    expect(await ground.staged()).toHaveLength(3);
    // Without a part the same, also where it was left by another process.
    const other = await ground.again();
    await (await other.create(["f"], { by: "bert" })).abort();
    await (await other.create(["f"], {})).abort();
    expect(await ground.staged()).toHaveLength(1);
    expect(forgotten).toBe(2 * BLOCK_SIZE);
  });

  test("is forgotten by whoever goes on with another, and by nobody who finds none", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    await leave(storage, ["f"], ONE);
    const [one = ""] = await ground.staged();
    expect(await holds(storage, ["f"], TWO)).toBe(false);
    expect(await ground.staged()).toEqual([one]);
    // Two that begin at once both leave something.
    const two = await storage.create(["f"], { part: partOf(TWO) });
    await leave(storage, ["f"], ONE);
    await two.write(bytesOf(BLOCK_SIZE));
    await two.keep();
    expect(await ground.staged()).toHaveLength(2);
    let forgotten = 0;
    const onForgotten = (bytes: number): number => (forgotten += bytes);
    const sink = await storage.resume(["f"], partOf(TWO), { onForgotten });
    expect(forgotten).toBe(2 * BLOCK_SIZE);
    await sink?.abort();
    expect(await ground.staged()).toEqual([]);
  });

  test("is left alone while somebody has it open", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    const open = await storage.create(["f"], { part: partOf(ONE) });
    await open.write(bytesOf(BLOCK_SIZE));
    await leave(storage, ["f"], TWO);
    await leave(await ground.again(), ["f"], TWO);
    await (await storage.create(["f"], {})).abort();
    expect(await storage.leftovers?.()).toEqual([]);
    await open.commit({});
    expect((await load(storage, ["f"])).equals(bytesOf(BLOCK_SIZE))).toBe(true);
  });

  test("stays where the new one is refused", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    await leave(storage, ["f"], ONE);
    await ground.plant(["f"], Buffer.from("x"));
    await expectProblem("exists", () => storage.create(["f"], { absent: true }));
    await expectProblem("exists", () => storage.create(["f"], { absent: true, part: partOf(TWO) }));
    expect(await holds(storage, ["f"], ONE)).toBe(true);
  });

  test("can be listed and removed, each once", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    await leave(storage, ["f"], ONE);
    await leave(storage, ["g"], ONE);
    const found = (await storage.leftovers?.()) ?? [];
    expect(found.map(({ bytes }) => bytes)).toEqual([2 * BLOCK_SIZE, 2 * BLOCK_SIZE]);
    const taken = await storage.resume(["g"], partOf(ONE), {});
    const removed = await Promise.all([...found, ...found].map((one) => one.remove()));
    expect(removed.toSorted((a, b) => a - b)).toEqual([0, 0, 0, 2 * BLOCK_SIZE]);
    expect(taken?.held).toBe(2 * BLOCK_SIZE);
    await taken?.commit({});
    expect(await storage.leftovers?.()).toEqual([]);
  });
});
