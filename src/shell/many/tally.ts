import { CommandFailed, toCommandFailed } from "../../client/errors.ts";
import type { Status } from "../../client/status.ts";
import type { Transferred } from "../../client/transfer.ts";
import { formatCount, formatSeconds, formatSize } from "../../observe/units.ts";
import type { ShellContext } from "../context.ts";
import { endsAll, tellFailure } from "../failure.ts";
import { rateOf, VERIFIED } from "../report.ts";
import { joined, type Text } from "../text.ts";

/** Some of several files failed, which was told of each. */
export class SomeFailed extends CommandFailed {
  override readonly name = "SomeFailed";
}

/** What became of several files: told as it happens where it failed, and in one line at the end. */
export class Tally {
  readonly #context: Pick<ShellContext, "output" | "session">;
  /** As it was typed, such as `GET -r photos`. */
  readonly #command: string;
  readonly #started = performance.now();
  #files = 0;
  #bytes = 0;
  #reused = 0;
  #folders = 0;
  #deleted = 0;
  #skipped = 0;
  #leftOut = 0;
  #declined = 0;
  /** How long the user was waited for, in milliseconds. */
  #waited = 0;
  #failed = 0;
  #status: Status | undefined;
  #dryRun = false;

  constructor(context: Pick<ShellContext, "output" | "session">, command: string) {
    this.#context = context;
    this.#command = command;
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

  /** A folder was made that holds nothing that would have made it. */
  madeFolder(): void {
    this.#folders++;
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
    this.#context.output.say(`${shown} is left alone: ${reason}`);
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
    tellFailure(this.#context, { command: this.#command, verb }, name, failed, error);
  }

  /** Tells what became of all of them; where nothing did, only programs are told. */
  tell({ evenOfNothing } = { evenOfNothing: true }): void {
    const seconds = (performance.now() - this.#started - this.#waited) / 1000;
    this.#context.output.observe({
      event: "finished",
      command: this.#command,
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
    this.#context.output.say(joined([`${this.#command}: `, told]));
  }

  /** @throws {CommandFailed} where some failed, with the status of the first */
  throwFailed(): void {
    if (this.#status === undefined) return;
    throw new SomeFailed(this.#status, `${count(this.#failed, "file")} failed`);
  }

  #summary(seconds: number): Text[] {
    const parts: Text[] = [...this.#whatCame(seconds)];
    if (this.#folders > 0) parts.push(`${count(this.#folders, "folder")} made`);
    if (this.#deleted > 0) {
      const deleted = formatCount(this.#deleted);
      parts.push(this.#dryRun ? `would remove ${deleted}` : `${deleted} removed`);
    }
    if (this.#skipped > 0) parts.push(`${formatCount(this.#skipped)} the same already`);
    if (this.#leftOut > 0) parts.push(`${count(this.#leftOut, "folder")} left out (-r takes them)`);
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
 * @param command in few words, such as `GET photos`
 * @throws {CommandFailed} with the status of the first that failed
 */
export async function tallied(
  context: ShellContext,
  command: string,
  move: (tally: Tally) => Promise<void>,
): Promise<void> {
  const { job } = context;
  const tally = new Tally(context, command);
  try {
    await move(tally);
  } catch (error) {
    job.end();
    tally.tell({ evenOfNothing: false });
    throw error;
  }
  job.end();
  tally.tell();
  tally.throwFailed();
}

function count(number: number, what: string): string {
  return `${formatCount(number)} ${what}${number === 1 ? "" : "s"}`;
}
