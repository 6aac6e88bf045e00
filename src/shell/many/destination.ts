import type { Path } from "../../storage/errors.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import type { Word } from "../parse.ts";
import { isPattern } from "../pattern.ts";
import { meansFolder } from "../remote-path.ts";

/** What is to be moved, and where to. */
export interface Order {
  readonly sources: readonly Word[];
  /** Where it is left out, everything goes under its own name. */
  readonly target: Word | undefined;
  /** Whether the target can only be a folder, which is made if it is absent. */
  readonly intoFolder: boolean;
}

/**
 * Tells sources from the target: two plain words are one and the other; of three or more, or behind
 * a pattern, the last is the target if it can only mean a folder.
 * @param many whether every word is a source but for such a target, as with MGET and MPUT
 */
export function readOrder(words: readonly Word[], many: boolean): Order {
  const last = words.at(-1);
  const asFolder = last !== undefined && !isPattern(last) && meansFolder(last.text);
  const plainPair = !many && words.length === 2 && !words.some(isPattern);
  if (words.length > 1 && last !== undefined && (plainPair || asFolder)) {
    return { sources: words.slice(0, -1), target: last, intoFolder: asFolder };
  }
  return { sources: words, target: undefined, intoFolder: false };
}

/** Options that ask for more than a file to be moved. */
const FOR_MANY = ["recursive", "update", "checksum", "dry-run", "ask"];

/** The one file that an order is about; `undefined` where it takes looking for what is meant. */
export function oneFileOf(
  { sources }: Order,
  { dryRun }: Pick<ShellContext, "dryRun">,
  options: Options,
): Word | undefined {
  const [source, another] = sources;
  if (source === undefined || another !== undefined || isPattern(source)) return undefined;
  return dryRun || FOR_MANY.some((option) => options.has(option)) ? undefined : source;
}

/** An order in few words, for messages. */
export function labelOf(verb: string, { sources }: Order): string {
  const [first, ...others] = sources.map(({ text }) => text);
  return `${verb} ${first ?? ""}${others.length > 0 ? ` and ${others.length} more` : ""}`;
}

/** A file or a folder that was found, and what its name keeps of where it was found. */
export interface Names {
  /** Where no target was typed. */
  readonly alone: Path;
  /** Within a folder that was typed as the target. */
  readonly within: Path;
  /** Where the target that was typed is its new name. */
  readonly renamed: Path;
}

/**
 * What a word that was typed is called on the other side: as it was typed, or its last part alone
 * where it leads elsewhere. Of a folder that was typed as `.` or `..` only what is in it is meant.
 */
export function namesOf(typed: string, resolved: Path, leadsElsewhere: boolean): Names {
  const lastTyped = typed.split("/").findLast((part) => part !== "");
  const contents = lastTyped === undefined || lastTyped === "." || lastTyped === "..";
  const within = contents ? [] : resolved.slice(-1);
  return { alone: keptOf(typed, leadsElsewhere) ?? within, within, renamed: [] };
}

/** What the names that a pattern matches keep of the folder that was typed in front of it. */
export function baseNamesOf(typed: string, leadsElsewhere: boolean): Path {
  return keptOf(typed, leadsElsewhere) ?? [];
}

/** What was typed, without `.` and `..`; `undefined` where it leads elsewhere. */
function keptOf(typed: string, leadsElsewhere: boolean): Path | undefined {
  const kept: string[] = [];
  for (const part of leadsElsewhere ? [".."] : typed.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.pop() === undefined) return undefined;
  }
  return kept;
}

/** What something is called that was found behind a path. */
export function behind({ alone, within, renamed }: Names, path: Path): Names {
  return {
    alone: [...alone, ...path],
    within: [...within, ...path],
    renamed: [...renamed, ...path],
  };
}
