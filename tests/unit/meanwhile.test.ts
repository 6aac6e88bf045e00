import { expect, test } from "bun:test";
import { meanwhile } from "../../src/shell/many/meanwhile.ts";

/** Items, with what became of them. */
function watched(fails = false) {
  const state = { begun: false, ended: false };
  const items = (async function* () {
    try {
      state.begun = true;
      yield 1;
      if (fails) throw new Error("it broke off");
      yield 2;
    } finally {
      state.ended = true;
    }
  })();
  return { state, items };
}

test("the items are begun while the other is awaited, and all of them come", async () => {
  const { state, items } = watched();
  const [other, all] = await meanwhile(
    () => items,
    async () => state.begun,
  );
  expect(other).toBe(true);
  expect(await Array.fromAsync(all)).toEqual([1, 2]);
});

test("some items are taken ahead, and the rest behind the other", async () => {
  let given = 0;
  const endless = (async function* () {
    for (;;) yield ++given;
  })();
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  const [ahead, all] = await meanwhile(
    () => endless,
    async () => {
      await settled();
      return given;
    },
  );
  expect(ahead).toBe(8);
  await settled();
  expect(given).toBe(8);
  const came: number[] = [];
  for await (const item of all) {
    came.push(item);
    if (item === 20) break;
  }
  expect(came).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test("where the other fails, the items end", async () => {
  const { state, items } = watched();
  const failing = meanwhile(
    () => items,
    () => Promise.reject(new Error("the other")),
  );
  await expect(failing).rejects.toThrow("the other");
  expect(state.ended).toBe(true);
});

test("where the other fails, items of which none has come are given up", async () => {
  let ended = false;
  const failing = meanwhile(
    async function* (signal) {
      try {
        await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(new Error("given up")));
        });
        yield 1;
      } finally {
        ended = true;
      }
    },
    () => Promise.reject(new Error("the other")),
  );
  await expect(failing).rejects.toThrow("the other");
  expect(ended).toBe(true);
});

test("who leaves the items ends them, and their error is told in its turn", async () => {
  const left = watched();
  const [, some] = await meanwhile(
    () => left.items,
    async () => undefined,
  );
  for await (const item of some) if (item === 1) break;
  expect(left.state.ended).toBe(true);

  const [, broken] = await meanwhile(
    () => watched(true).items,
    async () => undefined,
  );
  await expect(Array.fromAsync(broken)).rejects.toThrow("it broke off");
});
