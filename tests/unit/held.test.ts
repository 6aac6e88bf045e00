import { describe, expect, test } from "bun:test";
import { open, writeFile } from "node:fs/promises";
import { heldBytes } from "../../src/storage/local/held.ts";
import { BLOCK_SIZE } from "../../src/storage/read-blocks.ts";
import { TemporaryFolder } from "../support/programs.ts";

const PAGE = 4096;
const BLOCKS = 40;

async function held(content: Buffer, inOrder: boolean): Promise<number> {
  using folder = new TemporaryFolder();
  await writeFile(folder.join("part"), content);
  const handle = await open(folder.join("part"));
  try {
    return await heldBytes(handle, inOrder);
  } finally {
    await handle.close();
  }
}

const full = (bytes = BLOCKS * BLOCK_SIZE): Buffer => Buffer.alloc(bytes, "full");

/** A part with an empty page at an offset, as a write that never came leaves it. */
function withHole(at: number, bytes = PAGE): Buffer {
  return full().fill(0, at, at + bytes);
}

describe("heldBytes()", () => {
  test.each([0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 5 * BLOCK_SIZE - 1])(
    "counts the whole blocks of %d bytes",
    async (bytes) => {
      const whole = bytes - (bytes % BLOCK_SIZE);
      expect(await held(full(bytes), true)).toBe(whole);
      expect(await held(full(bytes), false)).toBe(whole);
    },
  );

  test.each([
    ["in the last block", (BLOCKS - 1) * BLOCK_SIZE + 2 * PAGE, BLOCKS - 1],
    ["at the very end", BLOCKS * BLOCK_SIZE - PAGE, BLOCKS - 1],
    ["four blocks before the end", (BLOCKS - 4) * BLOCK_SIZE, BLOCKS - 4],
    ["twelve blocks before the end", (BLOCKS - 12) * BLOCK_SIZE + 63 * PAGE, BLOCKS - 12],
  ])("ends before an empty page %s where the writer was killed", async (_, at, blocks) => {
    expect(await held(withHole(at), false)).toBe(blocks * BLOCK_SIZE);
    expect(await held(withHole(at), true)).toBe(BLOCKS * BLOCK_SIZE);
  });

  test("takes content that is zero for content where no write can be missing any more", async () => {
    expect(await held(withHole(0, 8 * BLOCK_SIZE), false)).toBe(BLOCKS * BLOCK_SIZE);
  });

  test("takes zeros that fill no page for content", async () => {
    const content = withHole((BLOCKS - 1) * BLOCK_SIZE, PAGE - 1);
    expect(await held(content, false)).toBe(BLOCKS * BLOCK_SIZE);
  });
});
