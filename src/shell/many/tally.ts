import { CommandFailed, Interrupted, toCommandFailed } from "../../client/errors.ts";
import type { Status } from "../../client/status.ts";
import type { Transferred } from "../../client/transfer.ts";
import { formatCount, formatSeconds, formatSize } from "../../observe/units.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { endsAll, tellFailure } from "../failure.ts";
import { Repeats } from "../repeats.ts";
import { ONLY_FOLDERS } from "./found.ts";
import { rateOf, VERIFIED } from "../report.ts";
import { joined, type Text } from "../text.ts";

/** Some of several files failed, which was told of each. */
export class SomeFailed extends CommandFailed {
  override readonly name = "SomeFailed";
}

/** What several files are moved by. */
export interface Label {
  /** In few words, such as `GET photos`. */
  readonly command: string;
  /** The same with where they go, where that has another name, such as `GET photos to old/photos`. */
  readonly shown: string;
}

/** What became of several files: told as it happens where it failed, and in one line at the end. */
export class Tally {
  readonly #context: Pick<ShellContext, "output" | "session">;
  readonly #label: Label;
  readonly #repeats: Repeats;
  /** Of what is left alone. */
  readonly #spared: Repeats;
  readonly #started = performance.now();
  #files = 0;
  #bytes = 0;
  #reused = 0;
  #folders = 0;
  #deleted = 0;
  #skipped = 0;
  #leftOut = 0;
  /** Whether it was told that there are only folders. */
  #toldOfFolders = false;
  #declined = 0;
  /** How long the user was waited for, in milliseconds. */
  #waited = 0;
  #failed = 0;
  #status: Status | undefined;
  #dryRun = false;

  /** @param all whether people are told of each that fails, rather than of the first for a reason */
  constructor(
    context: Pick<ShellContext, "output" | "session">,
    label: Label,
    { all }: { readonly all: boolean } = { all: false },
  ) {
    this.#context = context;
    this.#label = label;
    this.#repeats = new Repeats({ all });
    this.#spared = new Repeats({ all });
  }

  /** How many files are there now, of those that were to be. */
  get there(): number {
    return this.#dryRun ? 0 : this.#files + this.#skipped;
  }

  /** How many have failed so far. */
  get failures(): number {
    return this.#failed;
  }

  transferred({ bytes, reused }: Transferred): void {
    this.#files++;
    this.#bytes += bytes;
    this.#reused += reused;
  }

  /** A folder of the source is there that was not before, whatever has made it. */
  madeFolder(): void {
    this.#folders++;
  }

  /** A folder would be made if it were not a dry run. */
  wouldMake(shown: string): void {
    this.#dryRun = true;
    this.#folders++;
    this.#context.output.say(`Would make ${shown}/`);
  }

  /** What would be done if it were not a dry run. */
  would(verb: "get" | "put", source: string, target: string, size: number | undefined): void {
    this.#dryRun = true;
    this.#files++;
    this.#bytes += size ?? 0;
    const to = source === target ? "" : ` to ${target}`;
    const bytes = size === undefined ? "" : ` (${formatSize(size)})`;
    this.#context.output.say(`Would ${verb} ${source}${to}${bytes}`);
  }

  /** What the source lacks was removed, or would be if it were not a dry run. */
  deleted(shown: string, dryRun: boolean): void {
    this.#deleted++;
    this.#dryRun ||= dryRun;
    if (dryRun) this.#context.output.say(`Would remove ${shown}`);
  }

  /** Something that is not transferred was left as it is. */
  leftAlone(shown: string, reason: string): void {
    const message = `${shown} is left alone: ${reason}`;
    if (this.#spared.countsOf(reason, message)) this.#context.output.say(message);
  }

  /** A file is the same on both sides. */
  skipped(): void {
    this.#skipped++;
  }

  /** A folder was matched, and folders were not asked for. */
  leftOut(): void {
    this.#leftOut++;
  }

  /** The user, who was asked, does not want a file. */
  declined(): void {
    this.#declined++;
  }

  /** Waits for the user, which is no time that anything takes. */
  async whileWaiting<T>(answer: Promise<T>): Promise<T> {
    const asked = performance.now();
    try {
      return await answer;
    } finally {
      this.#waited += performance.now() - asked;
    }
  }

  /**
   * One of them failed, which does not stop the others.
   * @throws the error where it is no one file's, such as a lost connection
   */
  failed(verb: string, name: string, error: unknown): void {
    const failed = toCommandFailed(error);
    if (failed === undefined || endsAll(failed)) throw error;
    this.#failed++;
    this.#status ??= failed.status;
    this.#toldOfFolders ||= failed.reason === ONLY_FOLDERS;
    const { command } = this.#label;
    tellFailure(this.#context, { command, verb }, name, failed, error, this.#repeats);
  }

  /** Tells what became of all of them; where nothing did, only programs are told. */
  tell({ evenOfNothing } = { evenOfNothing: true }): void {
    for (const line of this.#repeats.take()) this.#context.output.complain(line);
    for (const line of this.#spared.take()) this.#context.output.say(line);
    const seconds = (performance.now() - this.#started - this.#waited) / 1000;
    this.#context.output.observe({
      event: "finished",
      command: this.#label.command,
      files: this.#files,
      bytes: this.#bytes,
      reused: this.#reused,
      skipped: this.#skipped,
      deleted: this.#deleted,
      failed: this.#failed,
      seconds,
    });
    const summary = this.#summary(seconds);
    if (summary.length === 0 && !evenOfNothing) return;
    const told = summary.length === 0 ? "nothing to do" : joined(summary, ", ");
    this.#context.output.say(joined([`${this.#label.shown}: `, told]));
  }

  /** @throws {CommandFailed} where some failed, with the status of the first */
  throwFailed(): void {
    if (this.#status === undefined) return;
    throw new SomeFailed(this.#status, `${count(this.#failed, "file")} failed`);
  }

  #summary(seconds: number): Text[] {
    const parts: Text[] = [...this.#whatCame(seconds)];
    if (this.#folders > 0) {
      const made = count(this.#folders, "folder");
      parts.push(this.#dryRun ? `would make ${made}` : `${made} made`);
    }
    if (this.#deleted > 0) {
      const deleted = formatCount(this.#deleted);
      parts.push(this.#dryRun ? `would remove ${deleted}` : `${deleted} removed`);
    }
    if (this.#skipped > 0) parts.push(`${formatCount(this.#skipped)} the same already`);
    if (this.#leftOut > 0 && !this.#toldOfFolders)
      parts.push(`${count(this.#leftOut, "folder")} left out (-r takes them)`);
    if (this.#declined > 0) parts.push(`${count(this.#declined, "file")} left out`);
    if (this.#failed > 0) parts.push(`${formatCount(this.#failed)} failed`);
    return parts;
  }

  #whatCame(seconds: number): Text[] {
    if (this.#files === 0) return [];
    const what = `${count(this.#files, "file")}, ${formatSize(this.#bytes)}`;
    if (this.#dryRun) return [`would move ${what}`];
    const rate = rateOf(this.#bytes - this.#reused, seconds);
    const earlier = `${formatSize(this.#reused)} of it from an earlier try`;
    return [
      `${what} in ${formatSeconds(seconds)}${rate}`,
      ...(this.#reused > 0 ? [earlier] : []),
      VERIFIED,
    ];
  }
}

/**
 * Moves several files, and tells what became of them, also where something ends it.
 * @param label what is told of them
 * @param options of the command
 * @throws {CommandFailed} with the status of the first that failed
 */
export async function tallied(
  context: ShellContext,
  label: Label,
  options: Options,
  move: (tally: Tally) => Promise<void>,
): Promise<void> {
  const { job } = context;
  const all = context.verbose || options.has("verbose");
  const tally = new Tally(context, label, { all });
  try {
    await move(tally);
  } catch (error) {
    job.end();
    tally.tell({ evenOfNothing: false });
    throw error instanceof Interrupted ? interrupted(context, tally) : error;
  }
  job.end();
  tally.tell();
  tally.throwFailed();
}

/** Says how many files are there, and nothing of what to do where nothing is. */
function interrupted({ job }: ShellContext, { there }: Tally): Interrupted {
  if (there === 0) {
    if (!job.hasBegun) job.onwards = "";
    return new Interrupted();
  }
  // Where files are still being looked for nobody knows of how many.
  const of = job.allFound
    ? `${formatCount(there)} of ${count(job.files, "file")}`
    : count(there, "file");
  return new Interrupted(`${of} ${there === 1 && !job.allFound ? "is" : "are"} there`);
}

function count(number: number, what: string): string {
  return `${formatCount(number)} ${what}${number === 1 ? "" : "s"}`;
}
