import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { CALLED } from "../platform/called.ts";
import type { Command, Options } from "./command.ts";
import { nearest } from "./nearest.ts";
import type { Word } from "./parse.ts";

/** What other shells do something else with than to hand it on. */
const SIGN = /^(?:&&?|\|\|?|[12&]?>>?|<|2>&1)$/;

/**
 * Tells a command's options from its words. A quoted word is never an option, `-` alone is a word,
 * and behind `--` there are only words.
 * @throws {CommandFailed} status 2, for options that the command does not have or a wrong number of
 * words
 */
export function checkWords(
  command: Command,
  given: readonly Word[],
): { readonly words: readonly Word[]; readonly options: Options } {
  const words: Word[] = [];
  const options = new Set<string>();
  let optionsEnded = false;
  for (const word of given) {
    const { text } = word;
    if (optionsEnded || !looksLikeOption(word)) words.push(word);
    else if (text === "--") optionsEnded = true;
    else for (const name of namesOf(command, text)) options.add(name);
  }
  const sign = given.find(({ text, quoted }) => !quoted && SIGN.test(text));
  if (sign !== undefined) {
    throw new CommandFailed(
      Status.usage,
      `There are no pipes, redirections or jobs here: quotes make a name of ${sign.text}, ` +
        `and ${CALLED} connect -c in another shell has them all`,
    );
  }
  const [least, most] = command.words;
  const usage = `${command.name} ${command.usage}`.trim();
  if (words.length < least) {
    const example = command.examples[0] ?? command.name;
    throw new CommandFailed(
      Status.usage,
      `${command.name} needs more: type ${usage}, such as ${example}`,
    );
  }
  const extra = words[most];
  if (extra !== undefined) {
    throw new CommandFailed(
      Status.usage,
      `${command.name} has a word too many, ${extra.text}: type ${usage}` +
        (most > 0 ? ", with quotes around a name that holds blanks" : ""),
    );
  }
  return { words, options };
}

/** Whether it is asked what a command does: by `-h`, where that is no option of it, or `--help`. */
export function asksForHelp(
  { options = {}, idleLetters = "" }: Command,
  given: readonly Word[],
): boolean {
  const end = given.findIndex(({ text, quoted }) => text === "--" && !quoted);
  const taken =
    idleLetters.includes("h") || Object.values(options).some(({ letter }) => letter === "h");
  return given
    .slice(0, end === -1 ? given.length : end)
    .some(({ text, quoted }) => !quoted && (text === "--help" || (text === "-h" && !taken)));
}

/** Whether a word stands for options, where it does not stand behind `--`. */
export function looksLikeOption({ text, quoted }: Word): boolean {
  return !quoted && text.length > 1 && text.startsWith("-");
}

/** The long names of what `--recursive` or `-rv` stands for. */
function namesOf(command: Command, text: string): readonly string[] {
  const known = Object.entries(command.options ?? {});
  if (text.startsWith("--")) {
    const name = text.slice(2);
    if (known.some(([long]) => long === name)) return [name];
    const long = nearest(
      name,
      known.map(([candidate]) => candidate),
    );
    throw unknownOption(command, text, long === undefined ? undefined : `--${long}`);
  }
  return Array.from(text.slice(1)).flatMap((letter) => {
    if (command.idleLetters?.includes(letter) === true) return [];
    const found = known.find(([, option]) => option.letter === letter);
    if (found === undefined) throw unknownOption(command, `-${letter}`, undefined, text);
    return found[0];
  });
}

/** @param word of several letters, which may be a name */
function unknownOption(
  command: Command,
  text: string,
  meant: string | undefined,
  word = "",
): CommandFailed {
  const known = Object.entries(command.options ?? {}).map(([long, { letter }]) =>
    letter === undefined ? `--${long}` : `-${letter}`,
  );
  const has = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
  const name = /^-.{4,}|[./]/.test(word) ? `; ./${word} is a name` : "";
  const hint = meant === undefined ? has : `did you mean ${meant}?`;
  return new CommandFailed(Status.usage, `${command.name} has no option ${text}: ${hint}${name}`);
}
