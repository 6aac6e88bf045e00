import { passedEntry } from "../../client/litter.ts";
import { folded } from "../../platform/names.ts";
import type { Path } from "../../storage/errors.ts";
import type { Listed } from "./found.ts";
import { PackedPaths } from "./packed-paths.ts";
import type { WhyNotHad } from "./receivable.ts";
import type { Tree } from "./tree.ts";

/** What the source has of an entry of the target. */
const ABSENT = 0;
const THERE = 1;
const REFUSED = 2;

/** What becomes of an entry of the target. */
const STAYS = 0;
const GOES = 1;
/** The others stay as well, and that is told, with the reason. */
const HIDDEN = 2;
const TWIN = 3;
const KEPT = 4;
const UNHAD = 5;

/**
 * What is to become of the entries of a target that the source lacks. Of the source only that is
 * kept which the target lacks: of a million that both have, a byte each.
 */
export class Extras {
  readonly #target: Tree;
  readonly #whyNotHad: WhyNotHad;
  readonly #there: Uint8Array;
  /** What all spellings of a name have in common, of what the target does not have as it is spelt. */
  readonly #lacking = new PackedPaths();
  /** The same of what the source cannot serve. */
  readonly #refused = new PackedPaths();

  /**
   * @param target with all that it holds
   * @param whyNotHad why the source could not have something
   */
  constructor(target: Tree, whyNotHad: WhyNotHad) {
    this.#target = target;
    this.#whyNotHad = whyNotHad;
    this.#there = new Uint8Array(target.size);
  }

  /**
   * The source has something.
   * @param name its path, spelt out
   */
  add(name: string, type: Listed["type"]): void {
    const number = this.#target.find(name);
    if (number === undefined) this.#lacking.add(folded(name));
    else this.#there[number] = type === "refused" ? REFUSED : THERE;
    if (type === "refused") this.#refused.add(folded(name));
  }

  /**
   * Judges what the target still has. What cannot be removed stays, with the folders that it is in,
   * and so does whatever has the name of something that the source could not serve, or a name that
   * differs from one of the source's only in its spelling: unless the target has both, one may be
   * the other. What the source could not have stays as well, with what is in it.
   */
  judge(): {
    /** Names of what is to be removed, what is in a folder before the folder. */
    readonly remove: Iterable<string>;
    /** What has to stay though the source lacks it, and why. */
    readonly keep: Iterable<{ readonly path: Path; readonly reason: string }>;
  } {
    const target = this.#target;
    const order = target.deepestFirst();
    const verdicts = new Uint8Array(target.size);
    /** Folders that hold something that stays. */
    const holding = new Uint8Array(target.size);
    for (const number of order) {
      passedEntry();
      const name = target.pathOf(number);
      const verdict = this.#verdictOf(number, name);
      if (verdict !== GOES) markAbove(target, name, holding);
      verdicts[number] = verdict === GOES && holding[number] === 1 ? STAYS : verdict;
    }
    function* remove(): Generator<string> {
      for (const number of order) {
        if (verdicts[number] !== GOES) continue;
        passedEntry();
        yield target.pathOf(number);
      }
    }
    const whyKept = (number: number): string | undefined =>
      this.#whyKept(verdicts[number] ?? STAYS, number);
    function* keep(): Generator<{ path: Path; reason: string }> {
      for (const number of order) {
        const reason = whyKept(number);
        if (reason !== undefined) yield { path: target.pathOf(number).split("/"), reason };
      }
    }
    return { remove: { [Symbol.iterator]: remove }, keep: { [Symbol.iterator]: keep } };
  }

  #verdictOf(number: number, name: string): number {
    const there = this.#there[number] ?? ABSENT;
    // Of what is in a folder that cannot be served only the folder is told.
    if (this.#isRefused(name)) return there === REFUSED ? HIDDEN : STAYS;
    if (there !== ABSENT) return STAYS;
    if (this.#lacking.size > 0 && this.#lacking.has(folded(name))) return TWIN;
    if (this.#target.entry(number)?.type === "refused") return KEPT;
    if (this.#whyNotHad(name) === undefined) return GOES;
    return this.#isToldAbove(name) ? STAYS : UNHAD;
  }

  /** Whether the folder that something is in is told of as one that the source could not have. */
  #isToldAbove(name: string): boolean {
    const folder = name.slice(0, Math.max(name.lastIndexOf("/"), 0));
    if (folder === "") return false;
    const number = this.#target.find(folder);
    if (number === undefined || this.#there[number] !== ABSENT) return false;
    return this.#whyNotHad(folder) !== undefined;
  }

  #whyKept(verdict: number, number: number): string | undefined {
    switch (verdict) {
      case HIDDEN:
        return "what has its name on the other side cannot be served";
      case TWIN:
        return "the other side has its name in another spelling";
      case KEPT:
        return this.#target.entry(number)?.reason ?? "";
      case UNHAD:
        return this.#whyNotHad(this.#target.pathOf(number));
      default:
        return undefined;
    }
  }

  /** Whether a path, or a folder that it lies in, cannot be served, in any spelling. */
  #isRefused(name: string): boolean {
    if (this.#refused.size === 0) return false;
    const spelling = folded(name);
    if (this.#refused.has(spelling)) return true;
    for (const folder of foldersAbove(spelling)) if (this.#refused.has(folder)) return true;
    return false;
  }
}

/** Marks the folders that a path lies in, up to one that is marked, as then those above it are. */
function markAbove(target: Tree, name: string, marks: Uint8Array): void {
  for (const folder of foldersAbove(name)) {
    const number = target.find(folder);
    if (number === undefined) continue;
    if (marks[number] === 1) return;
    marks[number] = 1;
  }
}

/** The folders that a path lies in, the nearest first. */
function* foldersAbove(path: string): Generator<string> {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    yield path.slice(0, at);
  }
}
