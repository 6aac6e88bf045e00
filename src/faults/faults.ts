import { appendFileSync } from "node:fs";

/**
 * Hooks of the fault laboratory. Only `scripts/build.ts --lab` makes a program that has them: in the
 * shipped one `globalThis.FAULT_LAB` is replaced by `false`, and the compiler drops every use of this
 * file with it. Each use therefore stands behind that very expression.
 */
declare global {
  var FAULT_LAB: boolean | undefined;
}

/** What a storage does for a transfer; the thread for small files counts for itself. */
export const STORAGE_STEPS = [
  "open",
  "look",
  "stat",
  "room",
  "mkdir",
  "read",
  "write",
  "truncate",
  "mode",
  "times",
  "sync",
  "close",
  "claim",
  "keep",
  "rename",
  "link",
  "unlink",
  "discard",
  "small-open",
  "small-look",
  "small-list",
  "small-stat",
  "small-read",
  "small-write",
  "small-mode",
  "small-times",
  "small-close",
  "small-rename",
] as const;

/** What a transfer does, and can be told to fail at. */
export const STEPS = [...STORAGE_STEPS, "send", "receive"] as const;
export type Step = (typeof STEPS)[number];

/** What can be taken out, so that the laboratory has something to find. */
export const DEFENCES = [
  "digest",
  "size",
  "whole",
  "no-replace",
  "names",
  "links",
  "sync",
  "resume",
  "unchanged",
  "write-errors",
  "pin",
  "login",
  "deadline",
  "backpressure",
] as const;
export type Defence = (typeof DEFENCES)[number];

const met = new Map<Step, number>();

/** Whether `SFTP_SABOTAGE` takes a defence out. */
export function without(defence: Defence): boolean {
  return process.env["SFTP_SABOTAGE"] === defence;
}

/**
 * A step that fails as a call of the system does, when its time has come.
 * @throws the error that `SFTP_FAULT` names
 */
export function fault(step: Step): void {
  const kind = arrive(step);
  if (kind === undefined || kind === "SHORT") return;
  throw Object.assign(new Error(`${kind} at ${step}`), { code: kind });
}

/** A step that the connection is cut at, when its time has come. */
export function isCut(step: "send" | "receive"): boolean {
  return arrive(step) !== undefined;
}

/**
 * A step that reads into or writes from buffers: as `fault`, or, told `SHORT`, with half of the
 * first buffer alone.
 */
export function shortened(
  step: "read" | "write" | "small-read" | "small-write",
  buffers: readonly Uint8Array[],
): readonly Uint8Array[] {
  const kind = arrive(step);
  const [first] = buffers;
  if (kind === "SHORT" && first !== undefined) {
    return [first.subarray(0, Math.ceil(first.length / 2))];
  }
  if (kind === undefined) return buffers;
  throw Object.assign(new Error(`${kind} at ${step}`), { code: kind });
}

/**
 * Counts a step. `SFTP_FAULT=STEP:N:KIND` says what is to happen when it is met for the Nth time:
 * an error of the system such as `EIO`, `SHORT`, `KILL` for the end of the process, `FILL` to leave
 * the disk without room by way of the file `SFTP_FAULT_FILL`. `SFTP_FAULT_TRACE` names a file that
 * every step is written to.
 */
function arrive(step: Step): string | undefined {
  const nth = (met.get(step) ?? 0) + 1;
  met.set(step, nth);
  const trace = process.env["SFTP_FAULT_TRACE"];
  if (trace !== undefined) appendFileSync(trace, `${step}:${nth}\n`);
  const [where, when, kind] = (process.env["SFTP_FAULT"] ?? "").split(":");
  if (where !== step || Number(when) !== nth) return undefined;
  if (kind === "KILL") process.kill(process.pid, "SIGKILL");
  if (kind === "FILL") return fill();
  return kind;
}

function fill(): undefined {
  const piece = Buffer.alloc(4096);
  for (;;) {
    try {
      appendFileSync(process.env["SFTP_FAULT_FILL"] ?? "", piece);
    } catch {
      return undefined;
    }
  }
}
