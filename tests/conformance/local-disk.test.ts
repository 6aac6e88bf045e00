import { describe, expect, test } from "bun:test";
import { chmod, readdir } from "node:fs/promises";
import { LocalStorage } from "../../src/storage/local/local.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { bytesOf, entriesOf, expectProblem, listed, load, problemOf, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

const IS_ROOT = process.getuid?.() === 0 && process.platform === "linux";
/** Why tests are left out, at the end of their names. */
const ONLY_ROOT = IS_ROOT ? "" : " (only root can mount a disk for it)";
const NOT_ROOT = IS_ROOT ? " (root is refused nothing)" : "";

/** A disk of 1 MiB with a storage on it. */
class SmallDisk implements AsyncDisposable {
  readonly storage: LocalStorage;
  readonly path: string;
  readonly #folder: TemporaryFolder;

  private constructor(storage: LocalStorage, folder: TemporaryFolder) {
    this.storage = storage;
    this.path = folder.path;
    this.#folder = folder;
  }

  static async mount(options = "size=1m"): Promise<SmallDisk> {
    const folder = new TemporaryFolder();
    mount("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder.path);
    return new SmallDisk(await LocalStorage.open(folder.path, { make: false }), folder);
  }

  makeReadOnly(): void {
    mount("mount", "-o", "remount,ro", this.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.storage.close();
    // Lazily, so that a test that fails with a file open leaves no disk behind.
    mount("umount", "--lazy", this.path);
    this.#folder[Symbol.dispose]();
  }
}

function mount(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}

describe("LocalStorage: a disk that is full", () => {
  test.skipIf(!IS_ROOT).each([0, 400_000, 1_000_000])(
    `with %d bytes taken, a file that does not fit leaves no trace${ONLY_ROOT}`,
    async (taken) => {
      await using disk = await SmallDisk.mount();
      const { storage } = disk;
      if (taken > 0) await store(storage, ["taken"], bytesOf(taken));
      await store(storage, ["old"], "old");
      const before = await listed(storage, [], true);
      for (const path of [["old"], ["new"], ["folder", "new"]]) {
        const outcome = await problemOf(async () => {
          const sink = await storage.create(path, {});
          try {
            for (let turn = 0; turn < 20; turn++) await sink.write(bytesOf(100_000));
            await sink.commit({});
          } catch (error) {
            await sink.abort();
            throw error;
          }
        });
        expect(outcome).toBe("space");
      }
      expect(await listed(storage, [], true)).toEqual(before);
      expect((await load(storage, ["old"])).toString()).toBe("old");
      expect(await readdir(`${disk.path}/.sftp-staging`)).toEqual([]);
      await store(storage, ["small"], "fits");
      expect((await load(storage, ["small"])).toString()).toBe("fits");
    },
  );

  test.skipIf(!IS_ROOT)(
    `a file of a size that cannot fit is refused before its first byte${ONLY_ROOT}`,
    async () => {
      await using disk = await SmallDisk.mount();
      await expectProblem("space", () => disk.storage.create(["f"], { size: 2_000_000 }));
      await expectProblem("space", () =>
        disk.storage.create(["f"], { size: Number.MAX_SAFE_INTEGER }),
      );
      expect(await readdir(disk.path)).toEqual([]);
    },
  );

  test.skipIf(!IS_ROOT)(
    `a disk that holds no more names refuses files and folders${ONLY_ROOT}`,
    async () => {
      await using disk = await SmallDisk.mount("size=1m,nr_inodes=4");
      const { storage } = disk;
      await store(storage, ["a"], "x");
      await storage.makeFolder(["b"]);
      await expectProblem("space", () => storage.makeFolder(["c"]));
      await expectProblem("space", () => store(storage, ["c"], "x"));
      await storage.delete(["b"]);
      await storage.delete(["a"]);
      await store(storage, ["c"], "x");
    },
  );

  test("a size that no disk holds is refused at once", async () => {
    await using ground = await LocalGround.make();
    await expectProblem("space", () =>
      ground.storage.create(["f"], { size: Number.MAX_SAFE_INTEGER }),
    );
    expect(await readdir(ground.root)).toEqual([]);
  });
});

describe("LocalStorage: what the system denies", () => {
  test.skipIf(!IS_ROOT)(
    `a disk that is read-only can be read, and nothing else${ONLY_ROOT}`,
    async () => {
      await using disk = await SmallDisk.mount();
      const { storage } = disk;
      await store(storage, ["a", "f"], "content");
      await storage.makeFolder(["empty"]);
      await storage.close();
      disk.makeReadOnly();
      const readOnly = await LocalStorage.open(disk.path, { make: true });
      await expectProblem("denied", () => readOnly.create(["a", "f"], {}));
      await expectProblem("denied", () => readOnly.create(["new"], {}));
      await expectProblem("denied", () => readOnly.makeFolder(["new"]));
      await expectProblem("denied", () => readOnly.delete(["a", "f"]));
      await expectProblem("denied", () => readOnly.delete(["empty"]));
      await expectProblem("denied", () => readOnly.rename(["a", "f"], ["g"]));
      await expectProblem("denied", () => readOnly.rename(["empty"], ["other"]));
      expect(await listed(readOnly, [], true)).toEqual(["file a/f", "folder a", "folder empty"]);
      expect((await load(readOnly, ["a", "f"])).toString()).toBe("content");
      await readOnly.close();
    },
  );

  test.skipIf(!IS_ROOT)(
    `another disk inside the root is named where a file cannot move to it${ONLY_ROOT}`,
    async () => {
      await using disk = await SmallDisk.mount();
      const { storage } = disk;
      await store(storage, ["f"], "x");
      await storage.makeFolder(["other"]);
      mount("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", `${disk.path}/other`);
      try {
        await expectProblem("denied", () => storage.rename(["f"], ["other", "f"]));
        await expectProblem("denied", () => store(storage, ["other", "f"], "x"));
        await expectProblem("denied", () => store(storage, ["other", "f"], "x", { absent: true }));
        expect(await listed(storage, [], true)).toEqual(["file f", "folder other"]);
      } finally {
        mount("umount", "--lazy", `${disk.path}/other`);
      }
    },
  );

  test.skipIf(IS_ROOT)(
    `files and folders without permission are denied, and listed as refused${NOT_ROOT}`,
    async () => {
      await using ground = await LocalGround.make();
      const { storage } = ground;
      await store(storage, ["secret"], "x");
      await store(storage, ["closed", "f"], "x");
      await store(storage, ["fixed", "f"], "x");
      await chmod(ground.at("secret"), 0);
      await chmod(ground.at("closed"), 0);
      await chmod(ground.at("fixed"), 0o555);
      try {
        await expectProblem("denied", () => storage.open(["secret"]));
        await expectProblem("denied", () => storage.open(["closed", "f"]));
        await expectProblem("denied", () => listed(storage, ["closed"]));
        await expectProblem("denied", () => store(storage, ["fixed", "g"], "x"));
        await expectProblem("denied", () => storage.makeFolder(["fixed", "g"]));
        await expectProblem("denied", () => storage.delete(["fixed", "f"]));
        await expectProblem("denied", () => storage.rename(["fixed", "f"], ["g"]));
        expect(await ground.holds(["g"])).toBe(false);
        expect(await entriesOf(storage, [], true)).toContainEqual({
          path: ["closed"],
          type: "refused",
          reason: "denied",
        });
        expect(await ground.staged()).toEqual([]);
      } finally {
        await chmod(ground.at("closed"), 0o755);
        await chmod(ground.at("fixed"), 0o755);
      }
    },
  );
});
