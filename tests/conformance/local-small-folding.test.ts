import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import { readdirSync, renameSync, statfsSync } from "node:fs";
import { AT_ONCE } from "../../src/storage/local/at-once.ts";
import { LocalStorage } from "../../src/storage/local/local.ts";
import { storeFiles } from "../../src/storage/local/small/calls.ts";
import { fileWorker } from "../../src/storage/local/small/file-worker.ts";
import { CAN_FOLD, FoldingDisk, ONLY_FOLDING } from "../support/folding.ts";
import { expectProblem, store } from "./ground.ts";

const COUNT = 10;

/** The thread leaves the disk of the test alone, unlike one that is a machine's own and folds. */
const isAtOnce = AT_ONCE as Set<number>;
let kind: number | undefined;
let spy: { mockRestore(): void } | undefined;
beforeAll(() => {
  spy = spyOn(fileWorker, "store").mockImplementation(async (job) => storeFiles(job));
});
afterAll(() => {
  spy?.mockRestore();
  if (kind !== undefined) isAtOnce.delete(kind);
});

function some(folder: string, from: number) {
  return Array.from({ length: COUNT }, (_, index) => ({
    path: [...folder.split("/"), `f${from + index}`],
    content: Buffer.from("x"),
    attributes: {},
  }));
}

test.skipIf(!CAN_FOLD).each(["by this storage", "by another process"])(
  `small files go into no folder that was renamed to another spelling %s${ONLY_FOLDING}`,
  async (by) => {
    await using disk = await FoldingDisk.mount();
    kind = statfsSync(disk.path).type;
    isAtOnce.add(kind);
    const storage = await LocalStorage.open(disk.path, { make: false });
    const stored = await storage.storeSmall?.(some("Docs/in", 0));
    expect(stored).toEqual(some("Docs/in", 0).map(() => 0));
    expect(await storage.storeSmall?.(some("Docs/in", COUNT))).toEqual(stored);
    if (by === "by this storage") {
      await storage.rename(["Docs"], ["tmp"]);
      await storage.rename(["tmp"], ["docs"]);
    } else {
      renameSync(disk.join("Docs"), disk.join("tmp"));
      renameSync(disk.join("tmp"), disk.join("docs"));
    }
    const none = await storage.storeSmall?.(some("Docs/in", 2 * COUNT));
    expect(none).toEqual(some("Docs/in", 0).map(() => undefined));
    await expectProblem("exists", () => store(storage, ["Docs", "in", "new"], "x"));
    expect(readdirSync(disk.join("docs/in")).length).toBe(2 * COUNT);
    await storage.close();
  },
);

test.skipIf(!CAN_FOLD).each(["before", "for them"])(
  `small files take the place of no other spelling in a folder that was made %s${ONLY_FOLDING}`,
  async (when) => {
    await using disk = await FoldingDisk.mount();
    kind = statfsSync(disk.path).type;
    isAtOnce.add(kind);
    const storage = await LocalStorage.open(disk.path, { make: false });
    if (when === "before") await storage.makeFolder(["Docs", "in"]);
    const files = some("Docs/in", 0);
    expect(await storage.storeSmall?.(files)).toEqual(files.map(() => 0));
    const others = files.map(({ path: [top = "", folder = "", name = ""], ...file }) => {
      return { ...file, path: [top, folder, name.toUpperCase()] };
    });
    expect(await storage.storeSmall?.(others)).toEqual(files.map(() => undefined));
    expect(readdirSync(disk.join("Docs/in"))).toContain("f0");
    await storage.close();
  },
);
