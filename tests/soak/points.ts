import { readFileSync } from "node:fs";
import { STEPS } from "../../src/faults/faults.ts";
import { read, write } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { Random } from "../support/random.ts";
import { soon, THREAD_DESCRIPTORS } from "./growth.ts";
import { labBinary } from "./lab.ts";
import { must, placed, Void, type Part, type Stage } from "./part.ts";
import { Attempt, WAYS, type Side, type Way } from "./ways.ts";

const SIDES: readonly Side[] = ["server", "client"];

/** One way in which one step of one side of a way fails. */
interface Case {
  readonly way: Way;
  readonly side: Side;
  /** Such as `write:2`. */
  readonly point: string;
  readonly kind: string;
}

const ERRORS = ["EIO", "ENOSPC", "EACCES", "EDQUOT", "EMFILE", "KILL"];

/**
 * In how many pieces bytes go over the wire is up to chance: so many of them are failed whatever a
 * trace has met, so that there are the same cases each time.
 */
const PIECES = 12;
const MOVES = ["send", "receive"].flatMap((step) =>
  Array.from({ length: PIECES }, (_, index) => `${step}:${index + 1}`),
);

function kindsOf(step: string): readonly string[] {
  if (step === "send" || step === "receive") return ["CUT", "KILL"];
  return /(?:^|-)(?:read|write)$/.test(step) ? [...ERRORS, "SHORT"] : ERRORS;
}

/** A case in words, such as `PUT many over/server/open:23/EMFILE`. */
function nameOf({ way, side, point, kind }: Case): string {
  return [way.name, side, point, kind].join("/");
}

/** The case with a name, also one that no trace has come by. */
function caseOf(name: string): Case | undefined {
  const [wayName, sideName, point = "", kind = ""] = name.split("/");
  const way = WAYS.find((one) => one.name === wayName);
  const side = SIDES.find((one) => one === sideName);
  const [step = "", nth = ""] = point.split(":");
  const isKnown = STEPS.some((one) => one === step) && kindsOf(step).includes(kind);
  if (way === undefined || side === undefined || !isKnown || !/^[1-9]\d*$/.test(nth))
    return undefined;
  return { way, side, point, kind };
}

/** A number that depends on a text alone. */
function hashOf(text: string): number {
  return Bun.hash.xxHash32(text);
}

class Points implements Stage {
  readonly #binary: string;
  readonly #cases: Case[];

  private constructor(binary: string, cases: Case[]) {
    this.#binary = binary;
    this.#cases = cases;
  }

  static async begin(seed: number): Promise<Points> {
    const binary = await labBinary();
    const cases: Case[] = [];
    for (const way of WAYS) {
      for (const side of SIDES) {
        for (const point of await traced(way, binary, side)) {
          const [step = ""] = point.split(":");
          for (const kind of kindsOf(step)) cases.push({ way, side, point, kind });
        }
      }
    }
    const met = new Set(cases.map(({ point }) => point.split(":")[0]));
    const never = STEPS.filter((step) => !met.has(step));
    must(never.length === 0, `no transfer comes by ${never.join(", ")}`);
    // The place of each is its own: whether another was come by this time moves it little.
    const places = new Map(cases.map((one) => [one, hashOf(`${seed} ${nameOf(one)}`)]));
    const place = (one: Case): number => places.get(one) ?? 0;
    return new Points(
      binary,
      cases.toSorted((one, other) => place(one) - place(other)),
    );
  }

  get total(): number {
    return this.#cases.length;
  }

  nameOf(index: number): string | undefined {
    const one = this.#cases[index];
    return one && nameOf(one);
  }

  find(name: string): number | undefined {
    const one = caseOf(name);
    return one && this.#cases.push(one) - 1;
  }

  async trial(_: Random, index: number): Promise<string | Void> {
    const one = this.#cases[index];
    if (one === undefined) throw new Error("there are no more");
    try {
      return await this.#try(one);
    } catch (error) {
      throw placed(nameOf(one), error);
    }
  }

  async #try(one: Case): Promise<string | Void> {
    const { way, side, point, kind } = one;
    using folder = new TemporaryFolder();
    const trace = folder.join("trace");
    const env = { SFTP_FAULT: `${point}:${kind}`, SFTP_FAULT_TRACE: trace };
    // Its name alone decides.
    const random = new Random(hashOf(nameOf(one)));
    await using attempt = await Attempt.start(way, { binary: this.#binary, side, env, random });
    const { scene } = attempt;
    const descriptors =
      scene.server.descriptors + (way.files === undefined ? 0 : THREAD_DESCRIPTORS);
    const ran = await attempt.run();
    // By chance it may come by fewer steps this time: then the fault is still to come.
    if (!(read(trace)?.toString() ?? "").split("\n").includes(point)) return new Void("not met");
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
    // What could not be removed is when either side is started again, as it was for the next try.
    if (point.startsWith("discard") && side === "server") await scene.restartServer();
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
  const env = { SFTP_FAULT_TRACE: trace };
  await using attempt = await Attempt.start(way, { binary, side, env, random: new Random(1) });
  const points = (): string[] => readFileSync(trace, "utf8").split("\n").slice(0, -1);
  // What a server does until it listens is not part of a transfer.
  const before = points().length;
  const ran = await attempt.run();
  must(ran.status === 0 && attempt.isDone, `${way.name} fails untouched: ${ran.stderr}`);
  const others = points()
    .slice(before)
    .filter((point) => !/^(?:send|receive):/.test(point));
  const { step } = way;
  if (step !== undefined) return others.filter((point) => point.startsWith(`${step}:`));
  return [...new Set([...others, ...MOVES])];
}

export const points: Part = {
  name: "points",
  about: "every step of PUT and GET failed once in each way, on either side",
  count: Infinity,
  sample: 40,
  lanes: 2,
  begin: (seed) => Points.begin(seed),
};
