import { Refused, type CommandFailed } from "../client/errors.ts";
import { formatCount } from "../observe/units.ts";

/** So many failures for one reason are told each by itself. */
const MOST_TOLD = 10;
/** So many reasons are told apart; what fails for another is always told. */
const MOST_REASONS = 1000;

/** A reason that several things failed for. */
interface Reason {
  count: number;
  /** What was said of the last of them. */
  last: string;
}

/**
 * Failures of one command that have the same reason: ten thousand lines that say the same hide the
 * one that says something else.
 */
export class Repeats {
  readonly #all: boolean;
  readonly #reasons = new Map<string, Reason>();

  /** @param all whether each is to be told */
  constructor({ all }: { readonly all: boolean }) {
    this.#all = all;
  }

  /**
   * Counts one.
   * @param name of what has failed
   * @returns whether it is to be told by itself
   */
  counts(name: string, failed: CommandFailed): boolean {
    return this.#all || this.countsOf(reasonOf(name, failed), failed.message);
  }

  /**
   * Counts one of a reason that is known already.
   * @param message what is said of it
   */
  countsOf(key: string, message: string): boolean {
    if (this.#all) return true;
    const known = this.#reasons.get(key);
    if (known === undefined) {
      if (this.#reasons.size < MOST_REASONS) {
        this.#reasons.set(key, { count: 1, last: message });
      }
      return true;
    }
    known.count++;
    known.last = message;
    return known.count <= MOST_TOLD;
  }

  /** What was not told: how many more for each reason, with what was said of the last. Once each. */
  take(): readonly string[] {
    const rest: string[] = [];
    for (const { count, last } of this.#reasons.values()) {
      if (count > MOST_TOLD) rest.push(`… and ${formatCount(count - MOST_TOLD)} more: ${last}`);
    }
    this.#reasons.clear();
    return rest;
  }
}

/** What failures have in common that differ only in names and numbers. */
function reasonOf(name: string, failed: CommandFailed): string {
  const word = failed instanceof Refused ? failed.word : "";
  const names = name === "" ? failed.message : failed.message.replaceAll(name, "…");
  const common = names.replace(/\S*\/\S*/g, "…").replace(/\d+(?:\.\d+)?(?: [KMGT]i?B| B)?/g, "#");
  return `${failed.status} ${word} ${failed.reason ?? common}`;
}
