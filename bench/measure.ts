/** What a run costs, as Linux counts it. */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of /proc/PID/stat in a second. */
const TICKS = 100;
/**
 * How often memory is looked at, in milliseconds. To look takes processor time of those that are
 * measured: at every 20 ms they took a tenth longer, and the more the more memory they have.
 */
const LOOK_MS = 100;
/** How long a child that has served may take to be counted with its parent, in milliseconds. */
const WAITED_FOR_MS = 20;

/** One run of one peer. */
export interface Sample {
  /** The figure that is compared: seconds, or bytes, or whatever the work counts in. */
  readonly value: number;
  /** CPU seconds, of the server with all that it has started. */
  readonly serverCpu?: number;
  readonly clientCpu?: number;
  /** The most memory at a time, in bytes; none where it was over before anybody could look. */
  readonly serverMemory?: number;
  readonly clientMemory?: number;
  /** What else there is to say. */
  readonly note?: string;
}

/** What a command has taken. */
export interface Ran {
  readonly seconds: number;
  readonly cpu: number;
  readonly memory: number;
}

/** A command with its arguments, and where it is run. */
export interface Command {
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly input?: string;
}

/**
 * Runs a command to its end.
 * @throws {Error} with what it has said, where it fails
 */
export async function run({ argv, cwd, env, input }: Command): Promise<Ran> {
  const started = performance.now();
  const child = Bun.spawn([...argv], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", LC_ALL: "C", ...env },
    stdin: input === undefined ? "ignore" : new Blob([input]),
    stdout: "ignore",
    stderr: "pipe",
  });
  const said = new Response(child.stderr).text();
  let memory = 0;
  // What the system tells at the end counts what this process had when it forked.
  const looking = setInterval(() => {
    memory = Math.max(memory, mostOf(child.pid));
  }, LOOK_MS);
  const status = await child.exited;
  clearInterval(looking);
  const seconds = (performance.now() - started) / 1000;
  if (status !== 0) throw new Error(`${argv[0]} failed (${status}): ${(await said).trim()}`);
  const usage = child.resourceUsage();
  return { seconds, cpu: Number(usage?.cpuTime.total ?? 0) / 1e6, memory };
}

/** Runs commands at the same time against a server, and tells what all of it has cost. */
export async function measure(
  pid: number | undefined,
  commands: readonly Command[],
): Promise<{ readonly ran: readonly Ran[]; readonly sample: Sample }> {
  const cpuBefore = cpuOf(pid);
  let serverMemory = memoryOf(pid);
  const looking = setInterval(() => {
    serverMemory = Math.max(serverMemory, memoryOf(pid));
  }, LOOK_MS);
  const started = performance.now();
  try {
    const ran = await Promise.all(commands.map(run));
    const value = (performance.now() - started) / 1000;
    serverMemory = Math.max(serverMemory, memoryOf(pid));
    const clientCpu = ran.reduce((sum, { cpu }) => sum + cpu, 0);
    const clientMemory = Math.max(...ran.map(({ memory }) => memory));
    // A child that served the client is counted with its parent once it has ended.
    if (pid !== undefined) await Bun.sleep(WAITED_FOR_MS);
    const serverCpu = cpuOf(pid) - cpuBefore;
    return { ran, sample: { value, serverCpu, clientCpu, serverMemory, clientMemory } };
  } finally {
    clearInterval(looking);
  }
}

/** Proportional memory of a process and all below it, in bytes. */
export function memoryOf(pid: number | undefined): number {
  let bytes = 0;
  for (const id of treeOf(pid)) {
    const pss = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${id}/smaps_rollup`))?.[1];
    bytes += Number(pss ?? 0) * 1024;
  }
  return bytes;
}

/** The most memory that a process has had so far, in bytes. */
function mostOf(pid: number): number {
  const most = /^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(most ?? 0) * 1024;
}

/** CPU seconds of a process and all below it, those that have ended included. */
function cpuOf(pid: number | undefined): number {
  let ticks = 0;
  for (const id of treeOf(pid)) {
    const fields = fieldsOf(id);
    // utime, stime, and those of children that were waited for (proc(5): 14 to 17).
    for (const index of [11, 12, 13, 14]) ticks += Number(fields[index] ?? 0);
  }
  return ticks / TICKS;
}

function treeOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (/^\d+$/.test(name)) parents.set(Number(name), Number(fieldsOf(Number(name))[1] ?? 0));
  }
  const tree = [pid];
  for (const member of tree) {
    for (const [child, parent] of parents) if (parent === member) tree.push(child);
  }
  return tree;
}

/** The fields of /proc/PID/stat behind the name, which may hold anything. */
function fieldsOf(pid: number): string[] {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
