import { BadCommandLine, parseCommands, type Word } from "../parse.ts";

/** Where a word is that somebody types: whether a quote is open in which it goes on. */
export type Quote = "none" | "'" | '"';

/** What stands before the cursor, as the shell would read it. */
export interface WordAtCursor {
  /** The words of the command that stand before it, its name first. */
  readonly before: readonly Word[];
  /** What is there of the word so far; empty behind a blank. */
  readonly word: Word;
  readonly quote: Quote;
}

/** Stands for what is yet to come: no name has it, since it is private to whoever uses it. */
const MARK = "\ue000";

/**
 * Reads the word that ends at the cursor.
 * @param text what stands before the cursor
 * @returns `undefined` where nothing can be completed: in a comment, behind a backslash that stands
 * for itself and what follows, and in a line for the system's shell
 */
export function wordAtCursor(text: string): WordAtCursor | undefined {
  // Behind a backslash that escapes, whatever follows makes the line whole.
  if (!parses(text) && parses(`${text}x`)) return undefined;
  const quote = quoteAt(text);
  if (quote === undefined) return undefined;
  const command = parseCommands(text + MARK + (quote === "none" ? "" : quote)).at(-1);
  const last = command?.words.at(-1);
  if (command === undefined || last === undefined || !last.text.endsWith(MARK)) return undefined;
  const before = command.words.slice(0, -1);
  if (before[0]?.text === "!" && !before[0].quoted) return undefined;
  const word = { text: last.text.slice(0, -MARK.length), quoted: last.quoted };
  return before.length === 0 && word.text.startsWith("!") ? undefined : { before, word, quote };
}

/** What plain words have to escape: what ends them, what quotes, and what makes patterns of them. */
const SPECIAL = /[\s;'"\\*?[\]]/gu;

/**
 * Writes more of a word behind what is there of it, so that it is read as this text.
 * @param begun whether anything of the word stands there already
 */
export function moreOf(text: string, quote: Quote, begun: boolean): string {
  switch (quote) {
    case "'":
      return text.replaceAll("'", `'\\''`);
    case '"':
      return text.replace(/["\\]/g, "\\$&");
    case "none": {
      const escaped = text.replace(SPECIAL, "\\$&");
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
