import type { FileHandle } from "node:fs/promises";
import { fault } from "../../faults/faults.ts";
import { BLOCK_SIZE } from "../read-blocks.ts";
import { UNORDERED_BYTES } from "./write-behind.ts";

const PAGE = 4096;
const ZERO_PAGE = Buffer.alloc(PAGE);

/**
 * How much of a part can be gone on with: its whole blocks. Where its writer was killed, later
 * writes may have reached the disk before earlier ones; so of the last few megabytes, what begins
 * with a block that has an empty page is not counted. Content that is truly zero there is only sent
 * once more. Whatever is counted is digested and compared before it is used.
 */
export async function heldBytes(handle: FileHandle, inOrder: boolean): Promise<number> {
  const { size } = await handle.stat();
  const whole = size - (size % BLOCK_SIZE);
  if (inOrder) return whole;
  const block = Buffer.allocUnsafe(BLOCK_SIZE);
  const from = Math.max(0, whole - UNORDERED_BYTES);
  for (let at = from; at < whole; at += BLOCK_SIZE) {
    if (globalThis.FAULT_LAB) fault("read");
    const { bytesRead } = await handle.read(block, 0, BLOCK_SIZE, at);
    if (bytesRead < BLOCK_SIZE || hasEmptyPage(block)) return at;
  }
  return whole;
}

function hasEmptyPage(block: Buffer): boolean {
  for (let at = 0; at < block.length; at += PAGE) {
    if (block.compare(ZERO_PAGE, 0, PAGE, at, at + PAGE) === 0) return true;
  }
  return false;
}
