import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { runPool, type Turn } from "../../src/shell/many/pool.ts";

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

/** Lets everything happen that waits for nothing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

/** Work that ends when the test says so. */
class Works {
  readonly begun: number[] = [];
  readonly turns = new Map<number, Turn>();
  readonly #ends = new Map<number, PromiseWithResolvers<void>>();

  readonly work = (item: number, turn: Turn): Promise<void> => {
    this.begun.push(item);
    this.turns.set(item, turn);
    const end = Promise.withResolvers<void>();
    this.#ends.set(item, end);
    return end.promise;
  };

  async end(item: number): Promise<void> {
    this.#ends.get(item)?.resolve();
    await settle();
  }

  async fail(item: number, error: unknown): Promise<void> {
    this.#ends.get(item)?.reject(error);
    await settle();
  }
}

describe("runPool()", () => {
  test("begins as many as may be active, and another when one ends", async () => {
    const works = new Works();
    const run = runPool(each([1, 2, 3]), { active: 2, begun: 10 }, () => 1, works.work);
    await settle();
    expect(works.begun).toEqual([1, 2]);
    await works.end(2);
    expect(works.begun).toEqual([1, 2, 3]);
    await works.end(1);
    await works.end(3);
    await run;
  });

  test("begins another where one only waits, up to the most that may have begun", async () => {
    const works = new Works();
    const run = runPool(each([1, 2, 3, 4]), { active: 1, begun: 3 }, () => 1, works.work);
    for (const item of [1, 2, 3]) {
      await settle();
      expect(works.begun.at(-1)).toBe(item);
      works.turns.get(item)?.release();
      works.turns.get(item)?.release();
    }
    await settle();
    expect(works.begun).toEqual([1, 2, 3]);
    await works.end(1);
    expect(works.begun).toEqual([1, 2, 3, 4]);
    for (const item of [2, 3, 4]) await works.end(item);
    await run;
  });

  test("lets one that holds something open again wait for its turn", async () => {
    const works = new Works();
    const run = runPool(each([1, 2]), { active: 1, begun: 9 }, () => 1, works.work);
    await settle();
    works.turns.get(1)?.release();
    await settle();
    let isBack = false;
    const back = works.turns
      .get(1)
      ?.retake()
      .then(() => (isBack = true));
    await settle();
    expect(works.begun).toEqual([1, 2]);
    expect(isBack).toBe(false);
    await works.end(2);
    await back;
    // What was not released has its turn still.
    await works.turns.get(1)?.retake();
    await works.end(1);
    await run;
  });

  test("after one has failed begins no more, lets the others end, and fails likewise", async () => {
    const works = new Works();
    let taken = 0;
    async function* endless(): AsyncGenerator<number> {
      try {
        for (;;) yield ++taken;
      } finally {
        taken = -1;
      }
    }
    let outcome: unknown;
    const run = runPool(endless(), { active: 3, begun: 3 }, () => 1, works.work).catch(
      (error: unknown) => (outcome = error),
    );
    await settle();
    await works.fail(2, new Error("of 2"));
    await works.fail(3, new Error("of 3"));
    expect([works.begun, taken, outcome]).toEqual([[1, 2, 3], -1, undefined]);
    await works.end(1);
    await run;
    expect(outcome).toEqual(new Error("of 2"));
  });

  test("where the items end with an error lets what has begun end, and fails likewise", async () => {
    const works = new Works();
    async function* broken(): AsyncGenerator<number> {
      yield 1;
      throw new Error("cut");
    }
    let outcome: unknown;
    const run = runPool(broken(), { active: 3, begun: 3 }, () => 1, works.work).catch(
      (error: unknown) => (outcome = error),
    );
    await settle();
    expect(outcome).toBeUndefined();
    await works.end(1);
    await run;
    expect(outcome).toEqual(new Error("cut"));
  });

  test("works on each once, in order, and never on more than it may", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ weight: fc.constantFrom(1, 4), ticks: fc.nat(9), early: fc.boolean() }),
        ),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 8 }),
        async (items, active, begun) => {
          const order: unknown[] = [];
          let open = 0;
          let running = 0;
          const most = { open: 0, running: 0 };
          await runPool(
            each(items),
            { active, begun },
            ({ weight }) => weight,
            async (item, turn) => {
              order.push(item);
              open += item.weight;
              running++;
              most.open = Math.max(most.open, open);
              most.running = Math.max(most.running, running);
              for (let tick = 0; tick < item.ticks; tick++) {
                if (item.early && tick === 3) {
                  open -= item.weight;
                  turn.release();
                }
                await Promise.resolve();
              }
              if (!(item.early && item.ticks > 3)) open -= item.weight;
              running--;
            },
          );
          expect(order).toEqual(items);
          // The last that fits may be a heavy one.
          expect(most.open).toBeLessThan(active + 4);
          expect(most.running).toBeLessThanOrEqual(begun);
        },
      ),
    );
  });
});
