import { statSync } from "node:fs";
import { filesUnder, read, write } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { must, pick, Void, type Part, type Stage } from "./part.ts";
import { CAN_CUT, cutConnections, killTree, runs } from "./peers/processes.ts";
import {
  startService,
  TOOLS,
  type Call,
  type Service,
  type Tool,
  type Verb,
} from "./peers/tools.ts";

const MIB = 1024 * 1024;
const SIZE = 24 * MIB;
/** How long the side that is left may take to notice, in milliseconds. */
const NOTICE_MS = 400;
const WAYS = ["server killed", "client killed", "connection cut"] as const;

/** What became of a tool's transfers. All but the first two are of those that were interrupted. */
interface Row {
  trials: number;
  /** The transfer was over before it could be interrupted. */
  late: number;
  /** It was interrupted, and the same command succeeded all the same. */
  healed: number;
  /** Under the final name was neither the old nor the new file. */
  partial: number;
  /** Something else lay beside it that a plain listing of the folder shows. */
  leftovers: number;
  /** The same command again did not succeed. */
  failed: number;
  /** The next try succeeded, it said, and the file was another. */
  wrong: number;
}

/** Interrupts the transfers of other tools in the same way as our own. */
class Peers implements Stage {
  readonly #rows = new Map<Tool, Row>();
  /** How long a transfer takes once it has begun, in milliseconds: it is learnt from those before. */
  readonly #spans = new Map<string, number>();

  async trial(random: Random, index: number): Promise<string | Void> {
    const tool = TOOLS[index % TOOLS.length];
    if (tool === undefined) throw new Error("there are no tools");
    const way = WAYS[Math.floor(index / TOOLS.length) % WAYS.length] ?? pick(random, WAYS);
    const verb: Verb = random.below(2) === 0 ? "PUT" : "GET";
    using folder = new TemporaryFolder();
    const [from, to] = verb === "PUT" ? ["client", "server"] : ["server", "client"];
    const content = random.bytes(SIZE);
    write(folder.join(from, "f"), content);
    write(folder.join(to, "other"), "other");
    const old = random.below(2) === 0 ? Buffer.alloc(random.below(SIZE), "old ") : undefined;
    const target = folder.join(to, "f");
    if (old !== undefined) write(target, old);
    let service = await startService(tool, folder);
    const running = start(tool.move(verb, folder, service.port, false));
    try {
      const late = await this.#interrupt(random, { tool, way, folder, to, service, running });
      const row = this.#row(tool);
      row.trials++;
      if (late) row.late++;
      if (late) return new Void("too late");
      if (running.exitCode === 0) row.healed++;
      const there = read(target);
      const isOld = old === undefined ? there === undefined : there?.equals(old) === true;
      if (!isOld && there?.equals(content) !== true) row.partial++;
      // Our own folder for what is not finished is hidden from the server's clients, not from here.
      if (filesUnder(folder.join(to)).some((name) => name !== "f" && name !== "other"))
        row.leftovers++;
      if (way === "server killed") service = await startService(tool, folder);
      const again = start(tool.move(verb, folder, service.port, random.below(2) === 0));
      const status = await again.exited;
      if (status !== 0) row.failed++;
      else if (read(target)?.equals(content) !== true) row.wrong++;
    } finally {
      killTree(running);
      killTree(service.process);
    }
    return `${tool.name}`;
  }

  /** @returns whether the transfer was over before */
  async #interrupt(
    random: Random,
    { tool, way, folder, to, service, running }: Interruption,
  ): Promise<boolean> {
    const before = facts(folder.join(to));
    const begun = (): boolean => !runs(running) || facts(folder.join(to)) !== before;
    while (!begun()) await Bun.sleep(0);
    const span = this.#spans.get(tool.name) ?? 40;
    const until = performance.now() + (random.below(1000) / 1000) * span;
    while (performance.now() < until && runs(running)) await Bun.sleep(0);
    const late = !runs(running);
    this.#spans.set(tool.name, span * (late ? 0.9 : 1.03));
    if (way === "server killed") killTree(service.process);
    if (way === "client killed") killTree(running);
    if (way === "connection cut" && runs(running)) cutConnections(running.pid);
    await Promise.race([running.exited, Bun.sleep(20_000)]);
    killTree(running);
    await Bun.sleep(NOTICE_MS);
    return late;
  }

  #row(tool: Tool): Row {
    const row = this.#rows.get(tool);
    if (row !== undefined) return row;
    const fresh = { trials: 0, late: 0, healed: 0, partial: 0, leftovers: 0, failed: 0, wrong: 0 };
    this.#rows.set(tool, fresh);
    return fresh;
  }

  async end(): Promise<void> {
    console.log(
      "| tool | trials | too late | went on by itself | part of a file under its name | something left beside it | next try fails | next try succeeds with wrong bytes |",
    );
    console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (const [{ name }, row] of this.#rows) {
      const { trials, late, healed, partial, leftovers, failed, wrong } = row;
      const cells = [name, trials, late, healed, partial, leftovers, failed, wrong];
      console.log(`| ${cells.join(" | ")} |`);
    }
    const own = [...this.#rows].find(([{ name }]) => name === "Simple FTP")?.[1];
    must(
      own === undefined || own.partial + own.failed + own.wrong === 0,
      "our own broke a promise",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

interface Interruption {
  readonly tool: Tool;
  readonly way: (typeof WAYS)[number];
  readonly folder: TemporaryFolder;
  readonly to: string;
  readonly service: Service;
  readonly running: Bun.Subprocess;
}

function start({ argv, input, env }: Call): Bun.Subprocess {
  return Bun.spawn([...argv], {
    stdin: new Blob([input ?? ""]),
    stdout: "ignore",
    stderr: "ignore",
    ...(env && { env }),
  });
}

/** What changes as soon as anything is written to a folder. */
function facts(folder: string): string {
  return filesUnder(folder)
    .map((name) => {
      const stat = statSync(`${folder}/${name}`, { throwIfNoEntry: false });
      return `${name} ${stat?.size} ${stat?.mtimeMs}`;
    })
    .join("\n");
}

export const peers: Part = {
  name: "peers",
  about: `the same kills and cuts for ${TOOLS.map(({ name }) => name).join(", ")}`,
  count: 60 * TOOLS.length,
  sample: 0,
  skipped: CAN_CUT ? undefined : "needs root, and ss to cut connections",
  begin: async () => new Peers(),
};
