import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { FileDigest } from "../../src/digest/file.ts";
import { Lease } from "../../src/memory/lease.ts";
import { WriteBehind } from "../../src/storage/local/write-behind.ts";
import { BLOCK_SIZE, readBlocks, type ReadBlock } from "../../src/storage/read-blocks.ts";
import { Connection } from "../../src/transport/connection.ts";
import { FeignedWire } from "./feigned-wire.ts";

describe("Lease", () => {
  test("is nobody else's until it is released, and released once", () => {
    const one = Lease.take();
    const two = Lease.take();
    expect(two.buffer).not.toBe(one.buffer);
    one.release();
    one.release();
    const three = Lease.take();
    const four = Lease.take();
    expect(three.buffer).toBe(one.buffer);
    expect(four.buffer).not.toBe(one.buffer);
    // The one who had it before has no say any more.
    one.release();
    expect(Lease.take().buffer).not.toBe(one.buffer);
  });

  test("keeps a few megabytes for later at the most", () => {
    const taken = Array.from({ length: 100 }, () => Lease.take());
    const buffers = new Set(taken.map(({ buffer }) => buffer));
    for (const lease of taken) lease.release();
    const again = Array.from({ length: 100 }, () => Lease.take().buffer);
    expect(again.filter((buffer) => buffers.has(buffer)).length).toBe(32);
  });
});

/** Contents to tell blocks by. */
function contentOf(block: number): number {
  return (block % 255) + 1;
}

/** The byte that a block is filled with; 0 where that is not one and the same. */
function fillingOf(block: Uint8Array): number {
  const [byte = 0] = block;
  return Buffer.alloc(block.length, byte).equals(block) ? byte : 0;
}

/** Calls that are under way, which end in any order. */
class UnderWay {
  readonly #calls: (() => void)[] = [];
  readonly #order: readonly number[];
  #ended = 0;

  constructor(order: readonly number[]) {
    this.#order = order;
  }

  /** Settles some time. */
  begin(): Promise<void> {
    return new Promise((resolve) => this.#calls.push(resolve));
  }

  /** Has one of them end, if any is under way. */
  end(): void {
    const which =
      (this.#order[this.#ended++ % this.#order.length] ?? 0) % (this.#calls.length || 1);
    this.#calls.splice(which, 1)[0]?.();
  }
}

const orders = fc.array(fc.nat(7), { minLength: 1, maxLength: 20 });

/** Has calls end one after the other until the work is done. */
async function drive(underWay: UnderWay, work: Promise<unknown>): Promise<void> {
  const working = { isOver: false };
  const watched = work.finally(() => (working.isOver = true));
  while (!working.isOver) {
    underWay.end();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await watched;
}

test("what is written is as it was given when the system takes it, however late that is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), orders, async (blocks, order) => {
      const underWay = new UnderWay(order);
      const file = new Uint8Array(blocks);
      const handle = {
        async writev(buffers: readonly Uint8Array[], position: number) {
          await underWay.begin();
          let at = position;
          for (const buffer of buffers) {
            file[at / BLOCK_SIZE] = fillingOf(buffer);
            at += buffer.length;
          }
          return { bytesWritten: at - position };
        },
      };
      const writer = new WriteBehind(handle, 0);
      const write = async (): Promise<void> => {
        for (let block = 0; block < blocks; block++) {
          const lease = Lease.lend(BLOCK_SIZE);
          lease?.bytes.fill(contentOf(block));
          await writer.write(lease?.bytes ?? new Uint8Array(), () => lease?.release());
        }
        await writer.finish();
      };
      await drive(underWay, write());
      expect([...file]).toEqual(Array.from({ length: blocks }, (_, block) => contentOf(block)));
    }),
    { numRuns: 40 },
  );
});

test("what is read is as it was when it is used, however long it is kept", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 30 }), orders, async (blocks, order) => {
      const source = {
        path: ["file"],
        size: blocks * BLOCK_SIZE,
        async read(offset: number, buffers: readonly Uint8Array[]) {
          let at = offset;
          for (const buffer of buffers) {
            buffer.fill(contentOf(at / BLOCK_SIZE));
            at += buffer.length;
          }
          return at - offset;
        },
      };
      const used: number[] = [];
      const held: ReadBlock[] = [];
      let turn = 0;
      const use = (): void => {
        const [block] = held.splice((order[turn++ % order.length] ?? 0) % held.length, 1);
        if (block === undefined) return;
        const bytes = block.buffer.subarray(25, 25 + block.length);
        used.push(fillingOf(bytes));
        block.release();
      };
      for await (const block of readBlocks(source, new FileDigest(), { headroom: 25 })) {
        held.push(block);
        if (held.length > (order[0] ?? 0)) use();
      }
      while (held.length > 0) use();
      const contents = Array.from({ length: blocks }, (_, block) => contentOf(block));
      expect(used.toSorted((a, b) => a - b)).toEqual(contents.toSorted((a, b) => a - b));
    }),
    { numRuns: 40 },
  );
});

test("what is sent is told of as taken when the kernel has all of it", () => {
  using wire = new FeignedWire(false);
  let room = 0;
  wire.write = (_bytes, _offset, length) => {
    const taken = Math.min(room, length);
    room -= taken;
    return taken;
  };
  const connection = new Connection(wire);
  let taken = 0;
  connection.write(new Uint8Array(BLOCK_SIZE), () => taken++);
  for (const [more, expected] of [
    [BLOCK_SIZE - 1, 0],
    [1, 1],
  ] as const) {
    room += more;
    connection.onDrain();
    expect(taken).toBe(expected);
  }
});
