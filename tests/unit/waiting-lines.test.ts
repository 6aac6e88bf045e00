import { expect, test } from "bun:test";
import { WaitingLines } from "../../src/client/waiting-lines.ts";

const bytes = (text: string): Buffer => Buffer.from(text);

/** All that waits, piece by piece. */
function taken(waiting: WaitingLines): string[] {
  const pieces: string[] = [];
  for (let piece = waiting.take(); piece !== undefined; piece = waiting.take()) pieces.push(piece);
  return pieces;
}

test("very many small blocks wait in few pieces, whole and in their order", () => {
  const waiting = new WaitingLines();
  let all = "";
  for (let index = 0; index < 100_000; index++) {
    const line = `entry ${index}\n`;
    all += line;
    waiting.add(bytes(line));
  }
  const pieces = taken(waiting);
  expect(pieces.join("")).toBe(all);
  expect(pieces.length).toBeLessThan(30);
});

test("large blocks wait as they came, and small ones behind them", () => {
  const waiting = new WaitingLines();
  const large = `${"x".repeat(262_143)}\n`;
  for (const block of [large, large, "a\n", "b\n", large]) waiting.add(bytes(block));
  expect(taken(waiting)).toEqual([large, large, "a\nb\n", large]);
});

test("what is taken while more comes is not lost, and a block is copied", () => {
  const waiting = new WaitingLines();
  const block = bytes("a\n");
  waiting.add(block);
  block.fill("z");
  expect(waiting.take()).toBe("a\n");
  expect(waiting.take()).toBeUndefined();
  for (const next of ["b\n", "c\n"]) waiting.add(bytes(next));
  expect(waiting.take()).toBe("b\n");
  waiting.add(bytes("d\n"));
  expect(taken(waiting)).toEqual(["c\nd\n"]);
});

test("a line without its end is not joined to the first of the next block", () => {
  const waiting = new WaitingLines();
  for (const block of ["a\n", "b", "c\n", ""]) waiting.add(bytes(block));
  expect(taken(waiting).join("")).toBe("a\nb\nc\n");
});
