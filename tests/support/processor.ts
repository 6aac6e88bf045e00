import { readFileSync } from "node:fs";

/** Ticks that the kernel counts in a second (`getconf CLK_TCK`), everywhere on Linux. */
const TICKS = 100;

/** The processor's time that a process has used, in seconds (Linux). */
export function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Fields 14 and 15 of proc(5), counted behind the name, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
