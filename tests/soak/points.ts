import { chmodSync, readFileSync } from "node:fs";
import { publishedUnder, read, until, write, writeRandom } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { Random } from "../support/random.ts";
import { Scene, type Startup } from "../support/resume.ts";
import { BLOCK_SIZE } from "../support/wire.ts";
import { soon, THREAD_DESCRIPTORS } from "./growth.ts";
import { labBinary } from "./lab.ts";
import { must, type Part, type Stage } from "./part.ts";

/** A way to move a file that takes other steps than the rest. */
interface Way {
  readonly name: string;
  readonly command: string;
  readonly sending: boolean;
  readonly bytes: number;
  /** The target's name on the other side; of several files the folder's. */
  readonly target: string;
  /** So many files of a folder in place of one. */
  readonly files?: number;
  readonly old?: boolean;
  /** Half of it is there from an attempt before. */
  readonly begun?: boolean;
  readonly flags?: readonly string[];
}

/** Enough small files at once for the thread that reads and stores them. */
const MANY = 10;
const LARGE = 2 * BLOCK_SIZE + 5000;
const DURABLE = ["--durable"];

const WAYS: readonly Way[] = [
  { name: "PUT", command: "PUT f", sending: true, bytes: LARGE, target: "f", flags: DURABLE },
  { name: "PUT over", command: "PUT f", sending: true, bytes: LARGE, target: "f", old: true },
  { name: "PUT on", command: "PUT f", sending: true, bytes: LARGE, target: "f", begun: true },
  { name: "PUT small", command: "PUT f a/b/f", sending: true, bytes: 5000, target: "a/b/f" },
  {
    name: "PUT absent",
    command: "PUT f",
    sending: true,
    bytes: 5000,
    target: "f",
    flags: ["--no-overwrite"],
  },
  { name: "PUT many", command: "PUT -r f", sending: true, bytes: 5000, target: "f", files: MANY },
  {
    name: "PUT many over",
    command: "PUT -r f",
    sending: true,
    bytes: 5000,
    target: "f",
    files: MANY,
    old: true,
  },
  { name: "PUT room", command: "PUT f", sending: true, bytes: 5 * BLOCK_SIZE, target: "f" },
  { name: "GET", command: "GET f", sending: false, bytes: LARGE, target: "f" },
  { name: "GET over", command: "GET f", sending: false, bytes: LARGE, target: "f", old: true },
  { name: "GET on", command: "GET f", sending: false, bytes: LARGE, target: "f", begun: true },
  { name: "GET small", command: "GET f a/b/f", sending: false, bytes: 5000, target: "a/b/f" },
  { name: "GET many", command: "GET -r f", sending: false, bytes: 5000, target: "f", files: MANY },
];

type Side = "server" | "client";

/** One way in which one step of one side of a way fails. */
interface Case {
  readonly way: Way;
  readonly side: Side;
  /** Such as `write:2`. */
  readonly point: string;
  readonly kind: string;
}

const ERRORS = ["EIO", "ENOSPC", "EACCES", "EDQUOT", "EMFILE", "KILL"];
/** Steps that no transfer of these can do without: were one never met, its hook would be gone. */
const STEPS = [
  "open look stat room mkdir read write truncate mode times sync close claim rename link unlink",
  "small-open small-look small-stat small-read small-write small-mode small-times small-close",
  "small-rename send receive",
].flatMap((some) => some.split(" "));

function kindsOf(step: string): readonly string[] {
  if (step === "send" || step === "receive") return ["CUT", "KILL"];
  return /(?:^|-)(?:read|write)$/.test(step) ? [...ERRORS, "SHORT"] : ERRORS;
}

/** A way in a scene of its own. */
class Attempt implements AsyncDisposable {
  readonly way: Way;
  readonly scene: Scene;
  readonly #startup: Startup;
  /** What each target is to hold. */
  readonly #targets: ReadonlyMap<string, Buffer>;
  readonly #old: Buffer | undefined;

  private constructor(way: Way, scene: Scene, startup: Startup) {
    this.way = way;
    this.scene = scene;
    this.#startup = startup;
    const [from, to] = way.sending ? ["client", "server"] : ["server", "client"];
    const targets = new Map<string, Buffer>();
    const names =
      way.files === undefined ? [""] : Array.from({ length: way.files }, (_, n) => `/${n}`);
    for (const name of names) {
      const source = scene.folder.join(from, `f${name}`);
      targets.set(scene.folder.join(to, `${way.target}${name}`), writeRandom(source, way.bytes));
      chmodSync(source, 0o755);
    }
    this.#targets = targets;
    this.#old = way.old === true ? Buffer.alloc(way.bytes + 7, "old ") : undefined;
    if (this.#old !== undefined) for (const target of targets.keys()) write(target, this.#old);
  }

  /** @param env what the side that is to fail is started with */
  static async start(way: Way, binary: string, side: Side, env: Record<string, string>) {
    const startup: Startup = { binary };
    if (side === "server" && way.begun !== true) startup.serverEnv = env;
    const scene = await Scene.start([], way.flags ?? [], startup);
    const attempt = new Attempt(way, scene, startup);
    if (way.begun === true) {
      await attempt.#begin();
      if (side === "server") startup.serverEnv = env;
      await scene.restartServer();
    }
    if (side === "client") startup.clientEnv = env;
    return attempt;
  }

  /** Interrupts a first attempt half way, so that there is something to go on with. */
  async #begin(): Promise<void> {
    const fault = { afterContent: BLOCK_SIZE + 100, do: "cut" } as const;
    this.scene.proxy.plan(this.way.sending ? { toServer: fault } : { toClient: fault });
    await this.scene.run(this.way.command, "--retries", "0");
    const side = this.way.sending ? "server" : "client";
    await until(() => this.scene.staged(side).some((name) => name.includes(".kept.")));
  }

  run(): ReturnType<Scene["run"]> {
    return this.scene.run(this.way.command, "--retries", "0");
  }

  /** From now on nothing fails. */
  disarm(): void {
    this.#startup.serverEnv = {};
    this.#startup.clientEnv = {};
  }

  get isDone(): boolean {
    return [...this.#targets].every(([target, content]) => read(target)?.equals(content) === true);
  }

  /** Whether each target is the old one, which may be none, or the new one. */
  get isWhole(): boolean {
    return [...this.#targets].every(([target, content]) => {
      const there = read(target);
      if (there?.equals(content) === true) return true;
      return this.#old === undefined ? there === undefined : there?.equals(this.#old) === true;
    });
  }

  get published(): string[] {
    return publishedUnder(this.scene.folder.join(this.way.sending ? "server" : "client"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scene[Symbol.asyncDispose]();
  }
}

class Points implements Stage {
  readonly #binary: string;
  readonly #cases: readonly Case[];

  private constructor(binary: string, cases: readonly Case[]) {
    this.#binary = binary;
    this.#cases = cases;
  }

  static async begin(seed: number): Promise<Points> {
    const binary = await labBinary();
    const cases: Case[] = [];
    for (const way of WAYS) {
      for (const side of ["server", "client"] as const) {
        for (const point of await traced(way, binary, side)) {
          const [step = ""] = point.split(":");
          for (const kind of kindsOf(step)) cases.push({ way, side, point, kind });
        }
      }
    }
    const met = new Set(cases.map(({ point }) => point.split(":")[0]));
    const never = STEPS.filter((step) => !met.has(step));
    must(never.length === 0, `no transfer comes by ${never.join(", ")}`);
    const random = new Random(seed);
    return new Points(binary, shuffled(cases, random));
  }

  get total(): number {
    return this.#cases.length;
  }

  async trial(_: Random, index: number): Promise<string> {
    const one = this.#cases[index];
    if (one === undefined) throw new Error("there are no more");
    try {
      return await this.#try(one);
    } catch (error) {
      const where = `${one.way.name}, ${one.side}, ${one.point}:${one.kind}`;
      const what = error instanceof Error ? error.message : String(error);
      throw new Error(`${where}: ${what}`, { cause: error });
    }
  }

  async #try({ way, side, point, kind }: Case): Promise<string> {
    using folder = new TemporaryFolder();
    const trace = folder.join("trace");
    const env = { SFTP_FAULT: `${point}:${kind}`, SFTP_FAULT_TRACE: trace };
    await using attempt = await Attempt.start(way, this.#binary, side, env);
    const { scene } = attempt;
    const descriptors =
      scene.server.descriptors + (way.files === undefined ? 0 : THREAD_DESCRIPTORS);
    const ran = await attempt.run();
    // By chance it may come by fewer steps this time: then the fault is still to come.
    if (!(read(trace)?.toString() ?? "").split("\n").includes(point)) return "not met";
    must(attempt.isWhole, "a target is neither the old nor the new file");
    must(ran.status !== 0 || attempt.isDone, "success was reported for nothing");
    must(
      !/internal error/.test(ran.stderr + scene.server.log),
      () => `${ran.stderr}${scene.server.log}`,
    );
    const isNoRoom = kind === "ENOSPC" || kind === "EDQUOT";
    const receives = (side === "server") === way.sending;
    if (isNoRoom && receives && /^(?:write|close|rename)/.test(point) && !attempt.isDone) {
      must(ran.status === 7, () => `no room led to status ${ran.status}: ${ran.stderr}`);
    }
    attempt.disarm();
    const isKilled = kind === "KILL";
    if (isKilled && side === "server") await scene.startServer();
    // With --no-overwrite, what is stored already is not stored again.
    const again = attempt.isDone && way.name === "PUT absent" ? undefined : await attempt.run();
    must(
      (again?.status ?? 0) === 0,
      () => `the next try ended with ${again?.status}: ${again?.stderr}`,
    );
    must(attempt.isDone, "the next try stored something else");
    must(
      attempt.published.length === (way.files ?? 1),
      () => `there is ${attempt.published.join(", ")}`,
    );
    if (!isKilled) {
      await soon("descriptors stay open", () => scene.server.descriptors <= descriptors);
      await soon("something is left in the staging folder", () =>
        (["server", "client"] as const).every((one) => scene.staged(one).length === 0),
      );
    }
    return kind;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The points that one side comes by, each once. */
async function traced(way: Way, binary: string, side: Side): Promise<string[]> {
  using folder = new TemporaryFolder();
  const trace = folder.join("trace");
  write(trace, "");
  await using attempt = await Attempt.start(way, binary, side, { SFTP_FAULT_TRACE: trace });
  const points = (): string[] => readFileSync(trace, "utf8").split("\n").slice(0, -1);
  // What a server does until it listens is not part of a transfer.
  const before = points().length;
  const ran = await attempt.run();
  must(ran.status === 0 && attempt.isDone, `${way.name} fails untouched: ${ran.stderr}`);
  return [...new Set(points().slice(before))];
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const rest = [...list];
  const order: T[] = [];
  while (rest.length > 0) order.push(...rest.splice(random.below(rest.length), 1));
  return order;
}

export const points: Part = {
  name: "points",
  about: "every step of PUT and GET failed once in each way, on either side",
  count: Infinity,
  sample: 40,
  lanes: 2,
  begin: (seed) => Points.begin(seed),
};
