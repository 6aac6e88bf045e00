import { describe, expect, test } from "bun:test";
import { closeSync, futimesSync, openSync, writeSync } from "node:fs";
import { appendFile, rename, truncate, unlink, writeFile } from "node:fs/promises";
import { FileDigest } from "../../src/digest/file.ts";
import { BLOCK_SIZE, digestRange, readBlocks } from "../../src/storage/read-blocks.ts";
import type { Source } from "../../src/storage/storage.ts";
import { bytesOf, problemOf, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

const CONTENT = bytesOf(9 * BLOCK_SIZE + 5);
const OTHER = bytesOf(CONTENT.length, 2);

/** When the file was last written, as it is told: a whole number of milliseconds. */
const TIME = new Date(1_763_800_000_000);

type Change = (ground: LocalGround, file: string) => Promise<unknown>;

/** Writes something else of the same size in place, and sets the time back. */
function rewrite(file: string, at: number, content: Uint8Array): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, content, 0, content.length, at);
  futimesSync(descriptor, TIME, TIME);
  closeSync(descriptor);
}

const CHANGES: readonly (readonly [string, Change])[] = [
  ["grows", (_, file) => appendFile(file, "more")],
  ["grows by much", (_, file) => appendFile(file, OTHER)],
  ["shrinks by a byte", (_, file) => truncate(file, CONTENT.length - 1)],
  ["shrinks to a block", (_, file) => truncate(file, BLOCK_SIZE)],
  ["shrinks to nothing", (_, file) => truncate(file, 0)],
  ["is written anew", (_, file) => writeFile(file, OTHER)],
  ["is rewritten with its time set back", async (_, file) => rewrite(file, 0, OTHER)],
  [
    "has its last byte rewritten with its time set back",
    async (_, file) => rewrite(file, CONTENT.length - 1, Buffer.from([0])),
  ],
];

const REPLACEMENTS: readonly (readonly [string, Change])[] = [
  ["is replaced by a transfer", ({ storage }) => store(storage, ["f"], OTHER)],
  [
    "is replaced by a program",
    async (ground, file) => {
      await ground.plant(["g"], OTHER);
      await rename(ground.at("g"), file);
    },
  ],
  ["is removed", (_, file) => unlink(file)],
];

/** Reads a file to its end, and changes it when `after` blocks were read. */
async function readWhile(
  source: Source,
  after: number,
  change: () => Promise<unknown>,
  read: Buffer[] = [],
): Promise<Buffer> {
  if (after === 0) await change();
  for await (const { buffer, length } of readBlocks(source, new FileDigest(), {})) {
    read.push(buffer.subarray(0, length));
    if (read.length === after) await change();
  }
  await source.unchanged();
  return Buffer.concat(read);
}

describe("LocalStorage: a file that changes while it is read", () => {
  for (const after of [0, 1, 5, 10]) {
    test.each(CHANGES)(
      `one that %s after ${after} blocks is told as changed`,
      async (_what, change) => {
        await using ground = await LocalGround.make();
        await store(ground.storage, ["f"], CONTENT, { mtime: TIME.getTime() });
        const source = await ground.storage.open(["f"]);
        const changing = (): Promise<unknown> => change(ground, ground.at("f"));
        expect(await problemOf(() => readWhile(source, after, changing))).toBe("changed");
        await source.close();
      },
    );

    test.each(REPLACEMENTS)(
      `one that %s after ${after} blocks is read whole as it was`,
      async (_what, change) => {
        await using ground = await LocalGround.make();
        await store(ground.storage, ["f"], CONTENT, { mtime: TIME.getTime() });
        const source = await ground.storage.open(["f"]);
        const changing = (): Promise<unknown> => change(ground, ground.at("f"));
        const read = await readWhile(source, after, changing);
        expect(read.equals(CONTENT)).toBe(true);
        await source.close();
      },
    );
  }

  test.each([1, BLOCK_SIZE, 3 * BLOCK_SIZE + 1])(
    "of one that shrinks to %d bytes what was read is not taken for the whole",
    async (size) => {
      await using ground = await LocalGround.make();
      await store(ground.storage, ["f"], CONTENT, { mtime: TIME.getTime() });
      const source = await ground.storage.open(["f"]);
      const change = (): Promise<void> => truncate(ground.at("f"), size);
      expect(await problemOf(() => readWhile(source, 1, change, []))).toBe("changed");
      await source.close();
    },
  );

  test("a digest of one that changes is never told", async () => {
    await using ground = await LocalGround.make();
    await store(ground.storage, ["f"], CONTENT, { mtime: TIME.getTime() });
    const source = await ground.storage.open(["f"]);
    const change = (): void => rewrite(ground.at("f"), 0, OTHER);
    await digestRange(source, new FileDigest(), {}, change);
    expect(await problemOf(() => source.unchanged())).toBe("changed");
    await source.close();
  });

  test("an empty file that grows after it was opened is told as changed", async () => {
    await using ground = await LocalGround.make();
    await store(ground.storage, ["f"], "");
    const source = await ground.storage.open(["f"]);
    const change = (): Promise<void> => appendFile(ground.at("f"), "x");
    expect(await problemOf(() => readWhile(source, 0, change))).toBe("changed");
    await source.close();
  });
});
