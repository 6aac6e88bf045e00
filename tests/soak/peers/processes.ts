import { readdirSync, readFileSync } from "node:fs";

/** A process and everything that it has started, as far as that is there (Linux). */
export function treeOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (Number.isNaN(pid)) continue;
    const parent = parentOf(pid);
    if (parent !== undefined) parents.set(pid, parent);
  }
  const tree = [root];
  for (const one of tree) {
    for (const [pid, parent] of parents) if (parent === one) tree.push(pid);
  }
  return tree;
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in brackets, may hold anything.
    return Number(
      stat
        .slice(stat.lastIndexOf(")") + 1)
        .trim()
        .split(" ")[1],
    );
  } catch {
    return undefined;
  }
}

/** Whether a process runs: only then is its number its own. */
export function runs({ exitCode, signalCode }: Bun.Subprocess): boolean {
  return exitCode === null && signalCode === null;
}

/**
 * Kills a process that was started here, by its handle, and everything that it has started. Of one
 * that has ended nothing is killed: its number may be another's by now.
 */
export function killTree(root: Bun.Subprocess): void {
  if (!runs(root)) return;
  // While it stands still it takes leave of none that has ended, so their numbers stay theirs.
  root.kill("SIGSTOP");
  const [, ...started] = treeOf(root.pid);
  const parents = started.map((pid) => parentOf(pid));
  for (const [index, pid] of started.entries()) {
    try {
      if (parentOf(pid) === parents[index]) process.kill(pid, "SIGKILL");
    } catch {
      // It has gone by itself.
    }
  }
  root.kill("SIGKILL");
}

/** Cuts every TCP connection that a process, or one that it has started, has on this machine. */
export function cutConnections(root: number): void {
  const tree = new Set(treeOf(root));
  const listed = Bun.spawnSync(["ss", "-tnpH", "state", "established"]).stdout.toString();
  for (const line of listed.split("\n")) {
    const pids = [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
    if (!pids.some((pid) => tree.has(pid))) continue;
    const [, local, remote] = /(\S+:\d+)\s+(\S+:\d+)/.exec(line) ?? [];
    if (local === undefined || remote === undefined) continue;
    Bun.spawnSync(["ss", "-K", "-t", "src", local, "dst", remote]);
  }
}

/** Whether `ss` can cut connections here. */
export const CAN_CUT =
  process.platform === "linux" && process.getuid?.() === 0 && Bun.which("ss") !== null;
