import { CommandFailed } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import type { Session } from "../../client/session.ts";
import { Status } from "../../client/status.ts";
import type { Transferred, Watcher } from "../../client/transfer.ts";
import type { Path } from "../../storage/errors.ts";
import { SMALL } from "../../storage/read-blocks.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import type { FileProgress } from "../progress/job.ts";
import { isToldOfEach, report, type Places } from "../report.ts";
import { beginFound } from "./expecting.ts";
import type { Found } from "./found.ts";
import { limitsOf, runPool, weightOf, type Left, type Turn, type Works } from "./pool.ts";
import type { Comparison } from "./same.ts";
import type { Tally } from "./tally.ts";
import type { Targets } from "./targets.ts";
import { actOver } from "./together.ts";

/** How to move several files, to either side. */
export interface How {
  /** Of several sources, which may meet. */
  readonly targets?: Targets;
  readonly comparison: Comparison;
  readonly dryRun: boolean;
  readonly options: Options;
}

/** A file that is to be moved. */
export interface Moving<F extends Found> {
  readonly found: F;
  readonly file: FileProgress;
}

/** What is said of each direction. */
const WORDS = {
  GET: { direction: "received", cannot: "It cannot be served" },
  PUT: { direction: "sent", cannot: "It cannot be sent" },
} as const;

/** Moves what was found, to either side: small files many at a time, everything else one by one. */
export abstract class Mover<
  F extends Found,
  M extends Moving<F>,
  H extends How,
> implements Works<F> {
  protected readonly context: ShellContext;
  protected readonly link: Link;
  protected readonly how: H;
  protected readonly tally: Tally;

  constructor(context: ShellContext, link: Link, how: H, tally: Tally) {
    this.context = context;
    this.link = link;
    this.how = how;
    this.tally = tally;
  }

  protected abstract readonly verb: "GET" | "PUT";

  /** Moves everything, as it is found. */
  async all(found: AsyncIterable<readonly F[]>): Promise<void> {
    await runPool(found, limitsOf(this.link), this);
  }

  weigh(found: F): number {
    return weightOf(found);
  }

  async one(found: F, turn: Turn): Promise<void> {
    const file = beginFound(this.context.job, found);
    try {
      await this.#move(found, file, turn);
    } catch (error) {
      this.tally.failed(this.verb, found.shown, error);
    } finally {
      end({ found, file });
    }
  }

  takes(found: F): boolean {
    const { type, path, known } = found;
    const size = known?.entry?.size ?? Infinity;
    if (type !== "file" || size > SMALL || path.length === 0 || !this.canTogether(found)) {
      return false;
    }
    // To digest a file holds it open.
    return this.how.comparison !== "digest" || this.isKnownToDiffer(found);
  }

  async many(some: readonly F[]): Promise<readonly Left[]> {
    const all = some.map((found) => this.begin(found, beginFound(this.context.job, found)));
    const open = new Set(all);
    try {
      const changed = await this.#changed(all);
      const left = changed.length === 0 ? [] : await this.#together(changed, open);
      for (const one of left) open.delete(one);
      return left.map((one) => ({
        weight: weightOf(one.found),
        work: (turn) => this.#left(one, turn),
      }));
    } finally {
      for (const one of open) end(one);
    }
  }

  /** Whether small files from there can be moved together at all. */
  protected abstract canTogether(found: F): boolean;
  /** Whether listings say that it is not the same on both sides. */
  protected abstract isKnownToDiffer(found: F): boolean;
  /** @throws {CommandFailed} where it is no file after all */
  protected abstract begin(found: F, file: FileProgress): M;
  /** Where it goes. */
  protected abstract targetOf(one: M): Path;
  /** Whether it is the same on both sides. Not asked where that does not matter. */
  protected abstract isSameOver(session: Session, one: M): Promise<boolean>;
  /** Moves small files. Those that it tells nothing of have to be moved by themselves. */
  protected abstract moveSmall(
    session: Session,
    files: readonly M[],
    watcher: Watcher<M>,
  ): Promise<void>;
  /** Moves a file, and takes its turn before it opens anything. */
  protected abstract moveAlone(one: M, turn: Turn): Promise<Transferred>;
  /** Makes a folder where there is none. */
  protected abstract moveFolder(one: M, turn: Turn): Promise<void>;
  /** Tells that a file would be moved, where it could be. */
  protected abstract wouldMove(one: M): Promise<void>;
  /** The names of a file that is there, as people and programs are told of it. */
  protected abstract placesOf(one: M): Places;

  async #move(found: F, file: FileProgress, turn: Turn): Promise<void> {
    if (found.type === "left-out") return this.tally.leftOut();
    if (found.type === "refused") {
      const { cannot } = WORDS[this.verb];
      throw new CommandFailed(Status.refused, `${cannot}: ${found.reason ?? "refused"}`);
    }
    const one = this.begin(found, file);
    if (found.type === "folder") return this.moveFolder(one, turn);
    this.#claim(one);
    if (await this.#isSame(one)) return this.tally.skipped();
    if (this.how.dryRun) return this.wouldMove(one);
    this.#moved(one, await this.moveAlone(one, turn));
  }

  /** @throws {CommandFailed} where another one goes there already */
  #claim(one: M): void {
    this.how.targets?.claim(one.found, this.targetOf(one));
  }

  /** Whether it need not be moved. */
  async #isSame(one: M): Promise<boolean> {
    if (this.how.comparison === "never") return false;
    return this.link.run((session) => this.isSameOver(session, one));
  }

  #moved(one: M, done: Transferred): void {
    this.tally.transferred(done);
    const { options } = this.how;
    if (!isToldOfEach(this.context, options)) return;
    const { direction } = WORDS[this.verb];
    report(this.context, options, direction, this.placesOf(one), done, { one: false });
  }

  async #changed(all: readonly M[]): Promise<readonly M[]> {
    const claimed = all.filter((one) => {
      try {
        this.#claim(one);
        return true;
      } catch (error) {
        this.tally.failed(this.verb, one.found.shown, error);
        return false;
      }
    });
    if (this.how.comparison === "never") return claimed;
    const changed = await Promise.all(claimed.map((one) => this.#hasChanged(one)));
    return claimed.filter((_, index) => changed[index]);
  }

  async #hasChanged(one: M): Promise<boolean> {
    try {
      if (!(await this.#isSame(one))) return true;
      this.tally.skipped();
    } catch (error) {
      this.tally.failed(this.verb, one.found.shown, error);
    }
    return false;
  }

  /**
   * @param open those that have not ended
   * @returns those that are left
   */
  async #together(files: readonly M[], open: Set<M>): Promise<readonly M[]> {
    const over = (one: M): void => {
      open.delete(one);
      end(one);
    };
    try {
      return await actOver(this.link, files, (session, some, isDone) =>
        this.moveSmall(session, some, {
          came: ({ file }, bytes) => file.reached(bytes, bytes),
          moved: (one, done) => {
            isDone(one);
            one.file.reached(done.bytes, done.bytes);
            this.#moved(one, done);
            over(one);
          },
          failed: (one, error) => {
            isDone(one);
            this.tally.failed(this.verb, one.found.shown, error);
            over(one);
          },
        }),
      );
    } catch (error) {
      for (const one of files) {
        if (open.has(one)) this.tally.failed(this.verb, one.found.shown, error);
      }
      return [];
    }
  }

  /** By itself it tells why it could not be moved together with others. */
  async #left(one: M, turn: Turn): Promise<void> {
    try {
      this.#moved(one, await this.moveAlone(one, turn));
    } catch (error) {
      this.tally.failed(this.verb, one.found.shown, error);
    } finally {
      end(one);
    }
  }
}

/** It is moved, or will not be. */
function end({ found, file }: Moving<Found>): void {
  file.end();
  found.done?.();
}
