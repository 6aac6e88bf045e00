import { describe, expect, test } from "bun:test";
import { readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Storage } from "../../src/storage/storage.ts";
import { bytesOf, entriesOf, load, problemOf, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

const HAS_PROC = process.platform === "linux";
const WITHOUT = HAS_PROC ? "" : " (they are counted on Linux only)";
/** What the program of the last test may have open, and how much it does at once. */
const FEW = 64;

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** A few dozen operations, of which about half fail. */
async function useAll(storage: Storage, round: number): Promise<void> {
  const deep = ["a", "b", "c", `f${round % 5}`];
  await store(storage, deep, bytesOf(1_000));
  await store(storage, ["f"], bytesOf(600_000));
  await load(storage, deep);
  await entriesOf(storage, [], true);
  for await (const _some of storage.list([], { recursive: true })) break;
  const given = await storage.create(["a", "given-up"], {});
  await given.write(bytesOf(10));
  await given.abort();
  const late = await storage.create(["late"], { absent: true });
  await store(storage, ["late"], "x");
  const source = await storage.open(["f"]);
  await source.read(0, [Buffer.alloc(10)]);
  await source.close();
  const failing: (() => Promise<unknown>)[] = [
    () => late.commit({}),
    () => storage.create(["a"], {}),
    () => storage.create(["f", "x"], {}),
    () => storage.create(["link", "x"], {}),
    () => storage.create(["f"], { absent: true }),
    () => storage.create(["f"], { size: Number.MAX_SAFE_INTEGER }),
    () => storage.open(["a", "b"]),
    () => storage.open(["a", "b", "missing"]),
    () => storage.open(["link", "f"]),
    () => storage.open(["pipe"]),
    () => storage.stat(["a", "missing", "x"]),
    () => storage.makeFolder(["a", "b"]),
    () => storage.makeFolder(["f", "x"]),
    () => storage.delete(["a", "b"]),
    () => storage.rename(["f"], ["a", "b"]),
    () => storage.rename(["f"], ["missing", "x"]),
    () => storage.rename(["link", "f"], ["x"]),
    () => entriesOf(storage, ["a", "missing"]),
  ];
  for (const doing of failing) expect(await problemOf(doing)).not.toBe("done");
  await storage.delete(["late"]);
}

describe("LocalStorage: descriptors", () => {
  test.skipIf(!HAS_PROC)(`none stays open, whatever fails${WITHOUT}`, async () => {
    await using ground = await LocalGround.make();
    symlinkSync("a", ground.at("link"));
    Bun.spawnSync(["mkfifo", ground.at("pipe")]);
    await useAll(ground.storage, 0);
    const before = openDescriptors();
    for (let round = 0; round < 20; round++) await useAll(ground.storage, round);
    expect(openDescriptors()).toBe(before);
  });

  test.skipIf(!HAS_PROC)(`none stays open after close${WITHOUT}`, async () => {
    await using ground = await LocalGround.make();
    const before = openDescriptors();
    for (let round = 0; round < 20; round++) {
      const storage = await ground.again();
      await store(storage, ["a", "f"], "x");
      await storage.close();
    }
    expect(openDescriptors()).toBe(before);
  });

  test.skipIf(!HAS_PROC)(
    `a program that has ${FEW} in all fails what is too much, and goes on${WITHOUT}`,
    async () => {
      await using ground = await LocalGround.make();
      const child = Bun.spawn(
        [
          "sh",
          "-c",
          `ulimit -n ${FEW} && exec "$0" "$@"`,
          process.execPath,
          join(import.meta.dir, "few-descriptors.ts"),
          ground.root,
        ],
        { stdout: "pipe", stderr: "pipe" },
      );
      const [stdout, stderr, status] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const outcomes: unknown = JSON.parse(stdout);
      expect(outcomes).toEqual({
        while: ["done", "failed"],
        after: ["done"],
        torn: 0,
        left: ["f", "many"],
      });
    },
    20_000,
  );
});
