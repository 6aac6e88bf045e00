/** Parses what it is told to, one trial after the other, in a process that can be killed. */
import { openSync, writeSync } from "node:fs";
import { Input } from "./inputs.ts";

/** What is asked for: so many inputs of a seed, or the bytes of the heap that are in use. */
export type Asked = { readonly seed: number; readonly inputs: number } | "left";
/** What went wrong, nothing, or bytes. */
export type Answer = { readonly broken?: string } | { readonly left: number };

const [, , place = ""] = process.argv;
const file = openSync(place, "w");
const number = Buffer.alloc(8);

process.on("message", (asked: Asked) => process.send?.(answer(asked)));

function answer(asked: Asked): Answer {
  if (asked === "left") {
    Bun.gc(true);
    return { left: process.memoryUsage().heapUsed };
  }
  const { seed, inputs } = asked;
  for (let index = 0; index < inputs; index++) {
    // Whoever watches reads there which input this is, if it never ends.
    number.writeDoubleLE(index);
    writeSync(file, number, 0, number.length, 0);
    const broken = new Input(seed, index).parse();
    if (broken !== undefined) return { broken };
  }
  return {};
}
