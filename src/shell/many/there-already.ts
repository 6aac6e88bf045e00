import { basename } from "node:path";
import { CommandFailed, Interrupted } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import { passedEntry } from "../../client/litter.ts";
import { inOneSpelling, mayBeShort } from "../../platform/names.ts";
import type { Path } from "../../storage/errors.ts";
import { endsAll } from "../failure.ts";
import { resolveTyped, type LocalSide } from "../local-path.ts";
import type { Word } from "../parse.ts";
import { compilePattern, isPattern } from "../pattern.ts";
import { baseNamesOf, namesOf, type Names } from "./destination.ts";
import { leadsElsewhere, type OnFound } from "./local-sources.ts";
import { PackedPaths } from "./packed-paths.ts";
import { limitsOf, runPool } from "./pool.ts";
import { takeListing } from "./remote-sources.ts";
import type { Known } from "./same.ts";
import { Tree } from "./tree.ts";

/**
 * So many files are worth a listing: a server reads the names of a folder before it tells of the
 * first, which for 50,000 took as long as to answer for 128 files.
 */
const WORTH_LISTING = 128;
/**
 * Entries that are listed for each file that is sent: to ask for one took 500 µs, to have one listed
 * 10 µs.
 */
const LISTED_PER_FILE = 16;

/** A folder of the server, or what may be one. */
interface Target {
  readonly path: Path;
  readonly recursive: boolean;
}

/** A target, and how much of it a listing has told. */
interface Listing extends Target {
  /** `part` also where nothing was told, `whole` also of a file alone. */
  told: "part" | "whole" | "absent";
}

/**
 * The folders of the server that what words stand for goes to, but those that a few files go to
 * that are named one by one.
 * @param targetOf where something of those names goes
 */
export function targetFolders(
  side: LocalSide,
  words: readonly Word[],
  recursive: boolean,
  targetOf: (names: Names) => Path,
): readonly Target[] {
  const targets: Target[] = [];
  const named: Path[] = [];
  for (const word of words) {
    const { text } = word;
    if (isPattern(word)) {
      const { base, deep } = compilePattern(text);
      const alone = baseNamesOf(base, leadsElsewhere(base));
      const path = targetOf({ alone, within: [], renamed: [] });
      targets.push({ path, recursive: recursive || deep });
    } else {
      const resolved = [basename(resolveTyped(side, text))];
      named.push(targetOf(namesOf(text, resolved, leadsElsewhere(text))));
    }
  }
  for (const [, group] of Map.groupBy(named, (path) => path.slice(0, -1).join("/"))) {
    const [first = []] = group;
    if (group.length >= WORTH_LISTING) targets.push({ path: first.slice(0, -1), recursive });
    else if (recursive) targets.push(...group.map((path) => ({ path, recursive })));
  }
  return targets;
}

/**
 * What there is on the server where files are sent to, by listings of whole folders. Of what they do
 * not show for certain nothing is known: it is to be asked for by its name.
 */
export class ThereAlready {
  readonly #tree = new Tree();
  /** By their paths. */
  readonly #listings = new Map<string, Listing>();
  /** What was listed, in the one spelling of each name, where that was wanted already. */
  #spellings: PackedPaths | undefined;
  /** Ends the listings. */
  readonly #enough = new AbortController();
  #listed: Promise<void> | undefined;
  #entries = 0;
  #most = Infinity;

  private constructor(targets: readonly Target[]) {
    for (const { path, recursive } of targets) {
      const key = path.join("/");
      const isDeep = recursive || this.#listings.get(key)?.recursive === true;
      this.#listings.set(key, { path, recursive: isDeep, told: "part" });
    }
    for (const [key, { path }] of this.#listings) {
      if (this.#above(path)?.recursive === true) this.#listings.delete(key);
    }
  }

  /**
   * Has folders of the server listed while this side is looked through, as soon as that has found
   * enough. Where they turn out to hold far more than is sent, they are not listed to the end.
   * @throws {CommandFailed} where the connection is lost, or the user interrupts
   */
  static async lookMeanwhile<R>(
    link: Link,
    targets: readonly Target[],
    signal: AbortSignal,
    lookThrough: (onFound: OnFound) => Promise<R>,
  ): Promise<readonly [R, ThereAlready]> {
    const there = new ThereAlready(targets);
    let files = 0;
    const onFound = (entries: number): void => {
      files += entries;
      if (files < WORTH_LISTING || there.#listed !== undefined) return;
      there.#listed = there.#list(link, signal);
      // Told behind what this side says.
      there.#listed.catch(() => undefined);
    };
    try {
      const here = await lookThrough(onFound);
      there.#most = LISTED_PER_FILE * files;
      there.#passed(0);
      await there.#listed;
      return [here, there];
    } catch (error) {
      there.#enough.abort();
      await Promise.allSettled([there.#listed]);
      throw error;
    }
  }

  /** What is known of a path, such as that nothing is there; `undefined` where it is not known. */
  known(path: Path): { readonly entry: Known } | undefined {
    const type = this.#tree.typeOf(path);
    if (type === "refused") return undefined;
    if (type !== undefined) return this.#tree.known(path);
    const itself = this.#listings.get(path.join("/"));
    if (itself?.told === "whole") return { entry: { type: "folder", size: 0, mtime: 0 } };
    return itself?.told === "absent" || this.#isMissing(path) ? { entry: undefined } : undefined;
  }

  /** Whether nothing is there for certain, of what was not listed. */
  #isMissing(path: Path): boolean {
    const listing = this.#above(path);
    if (listing === undefined || listing.told === "part") return false;
    if (path.some(mayBeShort)) return false;
    if (listing.told === "absent") return true;
    // A file that was listed alone.
    if (this.#tree.typeOf(listing.path) === "file") return false;
    for (let depth = listing.path.length + 1; depth <= path.length; depth++) {
      const type = this.#tree.typeOf(path.slice(0, depth));
      // What lies in a file, or in a folder that is refused, is not told of by a listing.
      if (type === undefined) return !this.#isSpeltOtherwise(path.slice(0, depth));
      if (type !== "folder") return false;
    }
    return false;
  }

  /** Whether a disk that takes several spellings for one name may have it under another one. */
  #isSpeltOtherwise(path: Path): boolean {
    this.#spellings ??= spellingsOf(this.#tree);
    return this.#spellings.has(inOneSpelling(path));
  }

  /** The nearest folder above a path whose listing tells, or would tell, of it. */
  #above(path: Path): Listing | undefined {
    for (let depth = path.length - 1; depth >= 0; depth--) {
      const listing = this.#listings.get(path.slice(0, depth).join("/"));
      if (listing !== undefined && (listing.recursive || depth === path.length - 1)) return listing;
    }
    return undefined;
  }

  async #list(link: Link, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.#enough.signal]);
    const one = async (listing: Listing): Promise<void> => {
      if (either.aborted) return;
      try {
        let isEmpty = true;
        const exists = await takeListing(link, listing, either, (entry) => {
          isEmpty = false;
          this.#tree.add(entry.path, entry);
          this.#passed(1);
        });
        if (exists) listing.told = "whole";
        // Otherwise it went while it was listed.
        else if (isEmpty) listing.told = "absent";
      } catch (error) {
        const isEnough = error instanceof Interrupted && !signal.aborted;
        // Whatever else is wrong with it is told by who asks for what is in it.
        if (isEnough || (error instanceof CommandFailed && !endsAll(error))) return;
        throw error;
      }
    };
    await runPool([this.#listings.values()], limitsOf(link), { one });
    if (signal.aborted) throw new Interrupted();
  }

  #passed(entries: number): void {
    this.#entries += entries;
    if (this.#entries > this.#most) this.#enough.abort();
  }
}

/** What is in a tree, each name in its one spelling. */
function spellingsOf(tree: Tree): PackedPaths {
  const spellings = new PackedPaths();
  for (let number = 0; number < tree.size; number++) {
    passedEntry();
    spellings.add(inOneSpelling(tree.pathOf(number).split("/")));
  }
  return spellings;
}
