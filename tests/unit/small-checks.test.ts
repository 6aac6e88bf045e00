import { afterEach, expect, test } from "bun:test";
import { FileDigest } from "../../src/digest/file.ts";
import type { Defence } from "../../src/faults/faults.ts";
import { putSmall, type SmallUpload } from "../../src/server/verbs/small.ts";
import { StorageError } from "../../src/storage/errors.ts";
import { Receiver } from "../../src/storage/receiver.ts";
import type { Sink, Storage } from "../../src/storage/storage.ts";

const DATA = Buffer.from("hello");
const BLOCK = Bun.hash.xxHash3(DATA);

function wholeOf(block: bigint): bigint {
  const digest = new FileDigest();
  digest.add(block);
  return digest.value();
}

/** What the client says of the file. */
interface Said {
  readonly size: number;
  readonly block?: bigint;
  readonly whole?: bigint;
}

async function isStoredTogether({ size, block, whole }: Said): Promise<boolean> {
  const body = { block: { type: "block", data: DATA, digest: block } as const, digest: whole };
  const upload: SmallUpload = { path: ["f"], keys: { size }, body };
  const storage: Pick<Storage, "storeSmall"> = { storeSmall: async (all) => all.map(() => 0) };
  const [answer] = await putSmall([upload], { storage: storage as Storage });
  return answer !== undefined;
}

async function isStoredAlone({ size, block, whole }: Said): Promise<boolean> {
  const sink: Partial<Sink> = {
    write: () => undefined,
    commit: async () => undefined,
    abort: async () => undefined,
  };
  const receiver = new Receiver(["f"], sink as Sink);
  try {
    await receiver.block(DATA, block);
    await receiver.finish({ size, digest: whole }, {});
    return true;
  } catch (error) {
    if (error instanceof StorageError && error.problem === "mismatch") return false;
    throw error;
  }
}

afterEach(() => {
  globalThis.FAULT_LAB = undefined;
  delete process.env["SFTP_SABOTAGE"];
});

const SAID: readonly (readonly [string, Said, Defence | undefined])[] = [
  ["what is right", { size: 5, block: BLOCK, whole: wholeOf(BLOCK) }, undefined],
  ["what is not said", { size: 5 }, undefined],
  ["a wrong size", { size: 4 }, "size"],
  ["a block's wrong digest", { size: 5, block: BLOCK ^ 1n }, "digest"],
  ["the file's wrong digest", { size: 5, whole: wholeOf(BLOCK) ^ 1n }, "digest"],
];

test.each(SAID)("%s is judged alike, alone and together with others", async (_, said, defence) => {
  const expected = defence === undefined;
  expect(await isStoredAlone(said)).toBe(expected);
  expect(await isStoredTogether(said)).toBe(expected);
  if (defence === undefined) return;
  globalThis.FAULT_LAB = true;
  process.env["SFTP_SABOTAGE"] = defence;
  expect(await isStoredAlone(said)).toBe(true);
  expect(await isStoredTogether(said)).toBe(true);
});
