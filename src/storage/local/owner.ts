import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { SYSTEM } from "../../platform/system.ts";
import { errnoOf } from "./errno.ts";

/**
 * Who writes to a staged file. Its name says so, so that another process on the same folder can
 * tell a file that somebody is writing from one whose writer is gone.
 */
export interface Owner {
  /** The machine, since a folder may be shared between several: 8 hex digits. */
  readonly machine: string;
  /** The start of that machine: 8 hex digits. */
  readonly boot: string;
  /** The space that process ids are counted in, one for each container: 8 hex digits. */
  readonly space: string;
  readonly pid: number;
  /** When the process was started, in the system's own count. */
  readonly started: string;
}

/** What is known of an owner: a machine can only judge its own processes. */
export type Liveness = "living" | "gone" | "unknown";

const PATTERN = /^([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{8})-([0-9]{1,10})-([0-9]{1,20})$/;
/** The field of `/proc/PID/stat` behind the process's name that holds its start (proc(5): 22). */
const START_FIELD = 19;
/** The first field behind the name: one that was killed stays there until its parent asks. */
const STATE_FIELD = 0;
const DEAD: ReadonlySet<string> = new Set(["Z", "X", "x"]);

/** This process. */
export const SELF: Owner = {
  // Images of machines and containers share the id, or leave it empty.
  machine: short(`${read("/etc/machine-id") ?? ""} ${hostname()}`),
  boot: short(read("/proc/sys/kernel/random/boot_id") ?? ""),
  space: short(pidSpace()),
  pid: process.pid,
  started: startOf(process.pid) ?? "0",
};

/** Writes an owner as part of a file's name. */
export function formatOwner({ machine, boot, space, pid, started }: Owner): string {
  return `${machine}-${boot}-${space}-${pid}-${started}`;
}

/** Reads an owner from part of a file's name. */
export function parseOwner(text: string): Owner | undefined {
  const [, machine, boot, space, pid, started] = PATTERN.exec(text) ?? [];
  if (machine === undefined || boot === undefined) return undefined;
  if (space === undefined || started === undefined) return undefined;
  return { machine, boot, space, pid: Number(pid), started };
}

/** Whether an owner is this very process. */
export function isSelf(owner: Owner): boolean {
  return formatOwner(owner) === formatOwner(SELF);
}

/** Whether an owner still runs, as far as that can be told from here. */
export function livenessOf(owner: Owner): Liveness {
  if (owner.machine !== SELF.machine) return "unknown";
  // What ran before the machine was started again runs no more.
  if (owner.boot !== SELF.boot) return "gone";
  if (owner.space !== SELF.space) return "unknown";
  if (SYSTEM.tellsStarts) {
    return startOf(owner.pid) === owner.started ? "living" : "gone";
  }
  try {
    process.kill(owner.pid, 0);
    return "living";
  } catch (error) {
    // One of another user may not be sent signals.
    return errnoOf(error) === "EPERM" ? "living" : "gone";
  }
}

function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  return DEAD.has(fields[STATE_FIELD] ?? "") ? undefined : fields[START_FIELD];
}

function pidSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return undefined;
  }
}

function short(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
