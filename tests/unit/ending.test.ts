import { describe, expect, test } from "bun:test";
import { Ending } from "../../src/storage/ending.ts";

describe("Ending", () => {
  test("is begun once: who leaves it during a commit waits for that", async () => {
    const ending = new Ending();
    const gate = Promise.withResolvers<void>();
    const committed = ending.commit(() => gate.promise);
    const left = ending.leave(() => Promise.reject(new Error("begun twice")));
    gate.reject(new Error("no room"));
    await expect(committed).rejects.toThrow("no room");
    expect(await left).toBe(0);
  });

  test("commits nothing that was left", async () => {
    const ending = new Ending();
    expect(await ending.leave(() => Promise.resolve(5))).toBe(5);
    expect(() => ending.commit(() => Promise.resolve())).toThrow("only once");
    expect(await ending.leave(() => Promise.resolve(7))).toBe(5);
  });
});
