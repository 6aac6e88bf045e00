import { posix } from "node:path";
import type { Option, Options } from "../command.ts";
import { quoteWord, type Word } from "../parse.ts";
import { isPattern } from "../pattern.ts";
import { labelOf, namesOf, type Order } from "./destination.ts";
import { ASKING_OPTIONS } from "./options.ts";
import type { Label } from "./tally.ts";

/** The longest command that is spelt out, in characters. */
const LONGEST = 60;

/** What a command has moved, and how it was typed. */
export interface Typed {
  /** Such as `GET`, or `MGET`. */
  readonly verb: string;
  readonly order: Order;
  readonly options: Options;
}

/**
 * What moves what a command that was cut short has left. The same again does not where the target was
 * to be a folder's new name: now that it is there, the folder would go into it.
 * @param mirror `MIRROR`, or `MIRROR -R`
 * @param renamed whether the target is the new name of a folder
 */
export function onwards({ verb, order, options }: Typed, mirror: string, renamed: boolean): string {
  const { sources, target } = order;
  const rest = "moves only the rest";
  if (renamed && sources[0] !== undefined && target !== undefined) {
    const how = options.has("checksum") ? `${mirror} --checksum` : mirror;
    return `${how} ${quoteWord(sources[0].text)} ${quoteWord(target.text)} ${rest}`;
  }
  const afresh = options.has("fresh") ? " without -f" : "";
  if (options.has("update") || options.has("checksum")) return `the same again${afresh} ${rest}`;
  const typed = [verb, "-u", ...lettersOf(options), ...sources.map(wordOf)];
  if (target !== undefined) typed.push(wordOf(target));
  const line = typed.join(" ");
  const isPlain = !typed.includes("") && line.length <= LONGEST;
  return isPlain ? `${line} ${rest}` : `the same with -u${afresh && " and"}${afresh} ${rest}`;
}

/** Options as they are typed, but for the one to start afresh. */
function lettersOf(options: Options): readonly string[] {
  const known: readonly (readonly [string, Option])[] = Object.entries(ASKING_OPTIONS);
  return known.flatMap(([name, { letter }]) => {
    if (!options.has(name) || name === "fresh") return [];
    return [letter === undefined ? `--${name}` : `-${letter}`];
  });
}

/** A word as it can be typed; empty for a pattern that would have to be quoted in part. */
function wordOf(word: Word): string {
  if (!isPattern(word)) return quoteWord(word.text);
  return /[\s'"\\;]/.test(word.text) ? "" : word.text;
}

/**
 * What several files are moved by, with where they go.
 * @param renamed whether the target is a new name, rather than a folder that they go into
 * @param source the path that a word that is no pattern stands for
 */
export function labelWithTarget(
  { verb, order }: Pick<Typed, "verb" | "order">,
  renamed: boolean,
  source: (word: Word) => readonly string[],
  leadsElsewhere: (typed: string) => boolean = () => false,
): Label {
  const command = labelOf(verb, order);
  const { sources, target } = order;
  const [first, another] = sources;
  if (target === undefined || first === undefined) return { command, shown: command };
  const isOne = another === undefined && !isPattern(first);
  const within =
    isOne && !renamed ? namesOf(first.text, source(first), leadsElsewhere(first.text)).within : [];
  const to = [target.text.replace(/(?<=.)\/+$/, ""), ...within].join("/").replace(/^\/\//, "/");
  const isSame = isOne && posix.normalize(to) === posix.normalize(first.text);
  return { command, shown: isSame ? command : `${command} to ${isOne ? to : target.text}` };
}
