import { chmodSync } from "node:fs";
import type { Step } from "../../src/faults/faults.ts";
import { publishedUnder, read, until, write } from "../support/files.ts";
import type { TemporaryFolder } from "../support/programs.ts";
import type { Random } from "../support/random.ts";
import { Scene, type Startup } from "../support/resume.ts";
import { BLOCK_SIZE } from "../support/wire.ts";

/** A way to move a file that takes other steps than the rest. */
export interface Way {
  readonly name: string;
  readonly command: string;
  readonly sending: boolean;
  readonly bytes: number;
  /** The target's name on the other side; of several files the folder's. */
  readonly target: string;
  /** So many files of a folder in place of one. */
  readonly files?: number;
  /** It is only for this step: the others it comes by as others do. */
  readonly step?: Step;
  readonly old?: boolean;
  /** Half of it is there from an attempt before. */
  readonly begun?: boolean;
  /** Behind so many bytes of content the connection is cut; the client then goes on by itself. */
  readonly cut?: number;
  readonly flags?: readonly string[];
}

/** Enough small files at once for the thread that reads and stores them. */
const MANY = 10;
/** Enough entries in a folder for the thread to list it. */
const WIDE = 70;
const LARGE = 2 * BLOCK_SIZE + 5000;
/** More than a block is kept to go on with. */
export const KEPT = BLOCK_SIZE + 100;
/** What is less is thrown away. */
export const LOST = 1000;
const DURABLE = ["--durable"];

export const WAYS: readonly Way[] = [
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
  { name: "PUT cut", command: "PUT f", sending: true, bytes: LARGE, target: "f", cut: KEPT },
  { name: "PUT lost", command: "PUT f", sending: true, bytes: LARGE, target: "f", cut: LOST },
  { name: "PUT room", command: "PUT f", sending: true, bytes: 5 * BLOCK_SIZE, target: "f" },
  { name: "GET", command: "GET f", sending: false, bytes: LARGE, target: "f" },
  { name: "GET over", command: "GET f", sending: false, bytes: LARGE, target: "f", old: true },
  { name: "GET on", command: "GET f", sending: false, bytes: LARGE, target: "f", begun: true },
  { name: "GET cut", command: "GET f", sending: false, bytes: LARGE, target: "f", cut: KEPT },
  { name: "GET lost", command: "GET f", sending: false, bytes: LARGE, target: "f", cut: LOST },
  { name: "GET small", command: "GET f a/b/f", sending: false, bytes: 5000, target: "a/b/f" },
  { name: "GET many", command: "GET -r f", sending: false, bytes: 5000, target: "f", files: MANY },
  {
    name: "PUT wide",
    command: "PUT -r f",
    sending: true,
    bytes: 100,
    target: "f",
    files: WIDE,
    step: "small-list",
  },
  {
    name: "GET wide",
    command: "GET -r f",
    sending: false,
    bytes: 100,
    target: "f",
    files: WIDE,
    step: "small-list",
  },
];

export type Side = "server" | "client";

/** What an attempt is made with. */
export interface Arming {
  readonly binary: string;
  /** The side that is to fail. */
  readonly side: Side;
  /** What that side is started with. */
  readonly env: Record<string, string>;
  /** What the content is drawn from. */
  readonly random: Random;
  /** Is done to the folder before anything runs in it. */
  readonly prepare?: (folder: TemporaryFolder) => void;
}

/** A way in a scene of its own. */
export class Attempt implements AsyncDisposable {
  readonly way: Way;
  readonly scene: Scene;
  readonly #startup: Startup;
  /** What each target is to hold. */
  readonly #targets: ReadonlyMap<string, Buffer>;
  readonly #old: Buffer | undefined;

  private constructor(way: Way, scene: Scene, startup: Startup, random: Random) {
    this.way = way;
    this.scene = scene;
    this.#startup = startup;
    const [from, to] = way.sending ? ["client", "server"] : ["server", "client"];
    const targets = new Map<string, Buffer>();
    const names =
      way.files === undefined ? [""] : Array.from({ length: way.files }, (_, n) => `/${n}`);
    for (const name of names) {
      const source = scene.folder.join(from, `f${name}`);
      const content = random.bytes(way.bytes);
      write(source, content);
      targets.set(scene.folder.join(to, `${way.target}${name}`), content);
      chmodSync(source, 0o755);
    }
    this.#targets = targets;
    this.#old = way.old === true ? Buffer.alloc(way.bytes + 7, "old ") : undefined;
    if (this.#old !== undefined) for (const target of targets.keys()) write(target, this.#old);
  }

  static async start(way: Way, { binary, side, env, random, prepare }: Arming): Promise<Attempt> {
    const startup: Startup = prepare === undefined ? { binary } : { binary, prepare };
    if (side === "server" && way.begun !== true) startup.serverEnv = env;
    const scene = await Scene.start([], way.flags ?? [], startup);
    const attempt = new Attempt(way, scene, startup, random);
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
    this.#cutAfter(KEPT);
    await this.scene.run(this.way.command, "--retries", "0");
    const side = this.way.sending ? "server" : "client";
    await until(() => this.scene.staged(side).some((name) => name.includes(".kept.")));
  }

  /** Does it; a way on which the connection is cut is cut this time as well. */
  run(): ReturnType<Scene["run"]> {
    const { command, cut } = this.way;
    if (cut === undefined) return this.scene.run(command, "--retries", "0");
    this.#cutAfter(cut);
    return this.scene.run(command, "--retries", "3");
  }

  #cutAfter(bytes: number): void {
    const fault = { afterContent: bytes, do: "cut" } as const;
    this.scene.proxy.plan(this.way.sending ? { toServer: fault } : { toClient: fault });
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
