import { describe, expect, test } from "bun:test";
import type { Path } from "../../src/storage/errors.ts";
import { Turns } from "../../src/storage/turns.ts";

/** Begins work that lasts until it is told to end, and notes when it began. */
function begin(turns: Turns, began: string[], name: string, ...paths: Path[]) {
  const work = Promise.withResolvers<string>();
  const done = turns.run(paths, () => {
    began.push(name);
    return work.promise;
  });
  return { done, end: () => work.resolve(name), fail: () => work.reject(new Error(name)) };
}

/** Lets everything happen that needs nobody's help. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("work on names takes turns", () => {
  test.each<[string, Path[], Path[]]>([
    ["the same name", [["a"]], [["a"]]],
    ["a target of one and a source of the other", [["a"], ["b"]], [["b"], ["c"]]],
    ["a folder and what is in it", [["a"]], [["a", "b", "c"]]],
    ["what is in a folder and the folder", [["a", "b"], ["c"]], [["d"], ["a"]]],
    ["names that differ in case", [["Straße", "A"]], [["STRAßE", "a"]]],
    ["names that are composed differently", [["\u00e9"]], [["e\u0301"]]],
  ])("%s", async (_, first, second) => {
    const turns = new Turns();
    const began: string[] = [];
    const one = begin(turns, began, "one", ...first);
    const two = begin(turns, began, "two", ...second);
    await settled();
    expect(began).toEqual(["one"]);
    one.end();
    expect(await one.done).toBe("one");
    await settled();
    expect(began).toEqual(["one", "two"]);
    two.end();
    expect(await two.done).toBe("two");
  });

  test("other names do not wait, those that begin alike neither", async () => {
    const turns = new Turns();
    const began: string[] = [];
    begin(turns, began, "hangs", ["a"], ["b", "c"]);
    for (const path of [["ab"], ["b", "cd"], ["c"]]) {
      begin(turns, began, path.join("/"), path);
    }
    await settled();
    expect(began).toEqual(["hangs", "ab", "b/cd", "c"]);
  });

  test("who comes later does not overtake one that waits for the same", async () => {
    const turns = new Turns();
    const began: string[] = [];
    const one = begin(turns, began, "one", ["a"]);
    const two = begin(turns, began, "two", ["a"], ["b"]);
    begin(turns, began, "three", ["b"]);
    await settled();
    expect(began).toEqual(["one"]);
    one.end();
    await settled();
    expect(began).toEqual(["one", "two"]);
    two.end();
    await settled();
    expect(began).toEqual(["one", "two", "three"]);
  });

  test("one that fails tells its own caller alone, and the next begins", async () => {
    const turns = new Turns();
    const began: string[] = [];
    const one = begin(turns, began, "one", ["a"]);
    const two = begin(turns, began, "two", ["a"]);
    one.fail();
    expect(one.done).rejects.toThrow("one");
    await settled();
    expect(began).toEqual(["one", "two"]);
    two.end();
    expect(await two.done).toBe("two");
  });
});

describe("work in folders", () => {
  /** The same as `begin` for work in folders. */
  function beginIn(turns: Turns, began: string[], name: string, ...folders: Path[]) {
    const work = Promise.withResolvers<void>();
    const done = turns.runIn(folders, () => {
      began.push(name);
      return work.promise;
    });
    return { done, end: () => work.resolve() };
  }

  test.each<[string, Path, Path]>([
    ["a name in it", ["a"], ["a", "b"]],
    ["something deeper in it", ["a"], ["A", "b", "c"]],
    ["the folder itself", ["a", "b"], ["a", "b"]],
    ["a folder that it is in", ["a", "b"], ["a"]],
    ["anything, in the root", [], ["a"]],
  ])("takes turns with work on %s", async (_, folder, path) => {
    for (const isFirst of [true, false]) {
      const turns = new Turns();
      const began: string[] = [];
      const starts = [
        () => beginIn(turns, began, "in", folder),
        () => begin(turns, began, "on", path),
      ];
      const order = isFirst ? starts : starts.toReversed();
      const [one, two] = order.map((start) => start());
      await settled();
      expect(began).toEqual(isFirst ? ["in"] : ["on"]);
      one?.end();
      await one?.done;
      await settled();
      expect(began).toHaveLength(2);
      two?.end();
      await two?.done;
    }
  });

  test("waits for no other in the same folder, and not for other names", async () => {
    const turns = new Turns();
    const began: string[] = [];
    beginIn(turns, began, "first", ["a"], ["b"]);
    beginIn(turns, began, "second", ["a"]);
    beginIn(turns, began, "deeper", ["a", "c"]);
    begin(turns, began, "beside", ["ab"]);
    await settled();
    expect(began).toEqual(["first", "second", "deeper", "beside"]);
  });

  test("does not overtake who waits for what is there", async () => {
    const turns = new Turns();
    const began: string[] = [];
    const first = beginIn(turns, began, "first", ["a"]);
    const on = begin(turns, began, "on", ["a", "b"]);
    beginIn(turns, began, "second", ["a"]);
    await settled();
    expect(began).toEqual(["first"]);
    first.end();
    await first.done;
    await settled();
    expect(began).toEqual(["first", "on"]);
    on.end();
    await on.done;
    await settled();
    expect(began).toEqual(["first", "on", "second"]);
  });
});
