import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { runPool, type Left, type Turn } from "../../src/shell/many/pool.ts";

async function* each<T>(items: Iterable<T>): AsyncGenerator<readonly T[]> {
  for (const item of items) {
    await Promise.resolve();
    yield [item];
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

  one(item: number, turn: Turn): Promise<void> {
    this.begun.push(item);
    this.turns.set(item, turn);
    const end = Promise.withResolvers<void>();
    this.#ends.set(item, end);
    return end.promise;
  }

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
    const run = runPool(each([1, 2, 3]), { active: 2, begun: 10 }, works);
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
    const run = runPool(each([1, 2, 3, 4]), { active: 1, begun: 3 }, works);
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
    const run = runPool(each([1, 2]), { active: 1, begun: 9 }, works);
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
    async function* endless(): AsyncGenerator<readonly number[]> {
      try {
        for (;;) yield [++taken];
      } finally {
        taken = -1;
      }
    }
    let outcome: unknown;
    const run = runPool(endless(), { active: 3, begun: 3 }, works).catch(
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
    async function* broken(): AsyncGenerator<readonly number[]> {
      yield [1];
      throw new Error("cut");
    }
    let outcome: unknown;
    const run = runPool(broken(), { active: 3, begun: 3 }, works).catch(
      (error: unknown) => (outcome = error),
    );
    await settle();
    expect(outcome).toBeUndefined();
    await works.end(1);
    await run;
    expect(outcome).toEqual(new Error("cut"));
  });

  describe("where some are worked on together", () => {
    /** Small numbers are; of those the odd ones are left. */
    class Together extends Works {
      readonly groups: (readonly number[])[] = [];
      readonly #done = new Map<readonly number[], PromiseWithResolvers<void>>();

      takes(item: number): boolean {
        return item < 1000;
      }

      async many(items: readonly number[]): Promise<readonly Left[]> {
        this.groups.push(items);
        const done = Promise.withResolvers<void>();
        this.#done.set(items, done);
        await done.promise;
        return items
          .filter((item) => item % 2 === 1)
          .map((item) => ({
            weight: 1,
            work: async (turn) => {
              await turn.retake();
              return this.one(item, turn);
            },
          }));
      }

      async endGroup(index: number): Promise<void> {
        this.#done.get(this.groups[index] ?? [])?.resolve();
        await settle();
      }
    }

    async function* batches(...some: (readonly number[])[]): AsyncGenerator<readonly number[]> {
      for (const items of some) {
        await settle();
        yield items;
      }
    }

    function upTo(count: number): number[] {
      return Array.from({ length: count }, (_, index) => index * 2);
    }

    test("they are what came together, as many at a time as a server takes", async () => {
      const works = new Together();
      const items = upTo(100);
      const run = runPool(batches(items, [2, 4]), { active: 9, begun: 1000 }, works);
      for (let turn = 0; turn < 9; turn++) await settle();
      expect(works.groups).toEqual([items.slice(0, 64), items.slice(64), [2, 4]]);
      for (const index of [0, 1, 2]) await works.endGroup(index);
      await run;
      expect(works.begun).toEqual([]);
    });

    test("those in between that are not are begun meanwhile", async () => {
      const works = new Together();
      const run = runPool(batches([2, 2000, 4]), { active: 9, begun: 99 }, works);
      await settle();
      await settle();
      expect([works.groups, works.begun]).toEqual([[[2, 4]], [2000]]);
      await works.endGroup(0);
      await works.end(2000);
      await run;
    });

    test("each counts as one that has begun, and a server that takes few is asked for few", async () => {
      const works = new Together();
      const run = runPool(batches([2, 4, 6, 8, 10, 12]), { active: 9, begun: 9 }, works);
      await settle();
      await settle();
      expect(works.groups).toEqual([
        [2, 4],
        [6, 8],
        [10, 12],
      ]);
      for (const index of [0, 1, 2]) await works.endGroup(index);
      await run;
    });

    test("no more of them begin than may, and all of a group at once", async () => {
      const works = new Together();
      const run = runPool(
        batches([2, 4, 2000, 6, 8, 10, 12, 14, 16]),
        { active: 9, begun: 8 },
        works,
      );
      await settle();
      await settle();
      expect(works.groups).toEqual([
        [2, 4],
        [6, 8],
        [10, 12],
      ]);
      await works.end(2000);
      expect(works.groups.length).toBe(4);
      for (const index of [0, 1, 2, 3]) await works.endGroup(index);
      await run;
    });

    test("what is left of them is worked on by itself, no more at a time than may be", async () => {
      const works = new Together();
      const run = runPool(batches([1, 2, 3, 5, 6]), { active: 2, begun: 99 }, works);
      await settle();
      await settle();
      await works.endGroup(0);
      expect(works.begun).toEqual([1, 3]);
      await works.end(3);
      expect(works.begun).toEqual([1, 3, 5]);
      await works.end(1);
      await works.end(5);
      await run;
    });

    test("where they fail as a whole no more are begun", async () => {
      const groups: (readonly number[])[] = [];
      const failing = {
        one: async () => undefined,
        takes: () => true,
        many: async (items: readonly number[]) => {
          groups.push(items);
          throw new Error("cut");
        },
      };
      const run = runPool(batches([1], [2]), { active: 9, begun: 9 }, failing);
      await expect(run).rejects.toThrow("cut");
      expect(groups).toEqual([[1]]);
    });
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
            {
              weigh: ({ weight }) => weight,
              async one(item, turn) {
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
