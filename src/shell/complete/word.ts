import { BadCommandLine, parseCommands, SHELL_ESCAPE, type Word } from "../parse.ts";

/** Where a word is that somebody types: whether a quote is open in which it goes on. */
export type Quote = "none" | "'" | '"';

/** What stands before the cursor, as the shell would read it. */
export interface WordAtCursor {
  /** The words of the command that stand before it, its name first. */
  readonly before: readonly Word[];
  /** What is there of the word so far; empty behind a blank. */
  readonly word: Word;
  readonly quote: Quote;
  /** Who reads it: this program, or sh behind a `!`. */
  readonly reader: Reader;
}

type Reader = "own" | "sh";

const TOKENS_OF_SH = /\\.|'[^']*'?|"(?:\\.|[^"\\])*"?|[|&()<>]/gs;
const ENDS_IN_SH: Readonly<Record<string, string>> = {
  "|": ";",
  "&": ";",
  "(": ";",
  ")": ";",
  "<": " ",
  ">": " ",
};

/** Stands for what is yet to come: no name has it, since it is private to whoever uses it. */
const MARK = "\ue000";

/**
 * Reads the word that ends at the cursor.
 * @param text what stands before the cursor
 * @returns `undefined` where nothing can be completed: in a comment, and behind a backslash that
 * stands for itself and what follows
 */
export function wordAtCursor(text: string, reader: Reader = "own"): WordAtCursor | undefined {
  // Behind a backslash that escapes, whatever follows makes the line whole.
  if (!parses(text) && parses(`${text}x`)) return undefined;
  const quote = quoteAt(text);
  if (quote === undefined) return undefined;
  const command = parseCommands(text + MARK + (quote === "none" ? "" : quote)).at(-1);
  const last = command?.words.at(-1);
  if (command === undefined || last === undefined || !last.text.endsWith(MARK)) return undefined;
  const before = command.words.slice(0, -1);
  const word = { text: last.text.slice(0, -MARK.length), quoted: last.quoted };
  if (reader === "own" && before[0]?.text === SHELL_ESCAPE && !before[0].quoted) {
    // Words, quotes and backslashes are those of sh, which has more that ends a command or a word.
    const line = word.text.replace(TOKENS_OF_SH, (token) => ENDS_IN_SH[token] ?? token);
    return wordAtCursor(line, "sh");
  }
  return { before, word, quote, reader };
}

/** What plain words have to escape: what ends them, what quotes, and what makes patterns of them. */
const SPECIAL = /[\s;'"\\*?[\]]/gu;
const SPECIAL_TO_SH = /[\s;'"\\*?[\]$`&|<>(){}#~]/gu;

/**
 * Writes more of a word behind what is there of it, so that it is read as this text.
 * @param begun whether anything of the word stands there already
 */
export function moreOf(text: string, quote: Quote, begun: boolean, reader: Reader): string {
  switch (quote) {
    case "'":
      return text.replaceAll("'", `'\\''`);
    case '"':
      return text.replace(reader === "sh" ? /["\\$`]/g : /["\\]/g, "\\$&");
    case "none": {
      const escaped = text.replace(reader === "sh" ? SPECIAL_TO_SH : SPECIAL, "\\$&");
      if (reader === "sh") return begun || !escaped.startsWith("-") ? escaped : `./${escaped}`;
      // At a word's begin it would be an option.
      return begun || !escaped.startsWith("-") ? escaped : `\\${escaped}`;
    }
  }
}

function quoteAt(text: string): Quote | undefined {
  if (parses(text)) return "none";
  // A lone backslash in double quotes would take the quote that ends them.
  return (["'", '"'] as const).find((quote) => parses(text + quote) && parses(text + MARK + quote));
}

function parses(text: string): boolean {
  try {
    parseCommands(text);
    return true;
  } catch (error) {
    if (error instanceof BadCommandLine) return false;
    throw error;
  }
}
