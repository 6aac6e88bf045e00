/** A word of a command. */
export interface Word {
  readonly text: string;
  /** Whether any of it was quoted or escaped: then it is never an option or a pattern. */
  readonly quoted: boolean;
}

/** A command as it was typed. */
export interface CommandLine {
  readonly words: readonly Word[];
  /** Whether its failure is forgiven: `-` stood before it. */
  readonly forgiven: boolean;
  /** Whether it is not to be echoed: `@` stood before it. */
  readonly silent: boolean;
  /** As it was typed, without what stands around it. */
  readonly source: string;
  /** How many line ends stand before it in what was parsed. */
  readonly line: number;
}

/** Why what was typed is no command. */
export class BadCommandLine extends Error {
  override readonly name = "BadCommandLine";
}

/** The command whose one word is the rest of its line, for the system's shell. */
export const SHELL_ESCAPE = "!";

const BLANK = /[ \t\r]/;

/**
 * Splits what was typed into commands: ended by line ends or `;`, words separated by blanks, quotes
 * and backslashes as in sh. A line that begins with `#` is a comment. What follows a `!` that begins
 * a command is one quoted word, as it was typed up to the end of its line.
 * @throws {BadCommandLine} where a quote is not closed or a backslash stands before nothing
 */
export function parseCommands(text: string): CommandLine[] {
  const commands: CommandLine[] = [];
  let position = 0;
  let lineStart = true;
  let line = 0;
  let counted = 0;
  while (position < text.length) {
    if (lineStart) {
      const comment = /[ \t]*#[^\n]*\n?/y;
      comment.lastIndex = position;
      if (comment.test(text)) {
        position = comment.lastIndex;
        continue;
      }
    }
    line += countLineEnds(text, counted, position);
    counted = position;
    const { words, end } = parseEscape(text, position) ?? parseWords(text, position);
    lineStart = text[end] === "\n";
    const source = text.slice(position, end).trim();
    position = end + 1;
    const command = toCommand(words, source, line);
    if (command !== undefined) commands.push(command);
  }
  return commands;
}

/** Writes a word so that it is read as the same text again. */
export function quoteWord(text: string): string {
  return /^[A-Za-z0-9_./,:%+=~][A-Za-z0-9_./,:%+=@#~-]*$/.test(text) && !text.startsWith("~")
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Reads a command that begins with `!`; `undefined` where there is another. */
function parseEscape(text: string, start: number): { words: Word[]; end: number } | undefined {
  let begin = start;
  for (;;) {
    const joint = jointLength(text, begin);
    if (joint > 0) begin += joint;
    else if (/[-@ \t\r]/.test(text.charAt(begin))) begin++;
    else break;
  }
  if (text[begin] !== SHELL_ESCAPE) return undefined;
  const lineEnd = text.indexOf("\n", begin);
  const end = lineEnd === -1 ? text.length : lineEnd;
  const { words } = parseWords(text.slice(start, begin), 0);
  words.push({ text: SHELL_ESCAPE, quoted: false });
  const rest = text.slice(begin + 1, end).replace(/\r$/, "");
  if (rest.trim() !== "") words.push({ text: rest, quoted: true });
  return { words, end };
}

function parseWords(text: string, start: number): { words: Word[]; end: number } {
  const words: Word[] = [];
  let word: { text: string; quoted: boolean } | undefined;
  let position = start;
  const finishWord = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  for (; position < text.length; position++) {
    const c = text.charAt(position);
    const joint = jointLength(text, position);
    if (joint > 0) {
      position += joint - 1;
      continue;
    }
    if (c === "\n" || c === ";") break;
    if (BLANK.test(c)) {
      finishWord();
      continue;
    }
    word ??= { text: "", quoted: false };
    if (c === "'" || c === '"') {
      const quoted = parseQuoted(text, position);
      word.text += quoted.text;
      word.quoted = true;
      position = quoted.end;
    } else if (c === "\\") {
      position++;
      if (position === text.length) throw new BadCommandLine("Nothing follows the last backslash");
      word.text += text.charAt(position);
      word.quoted = true;
    } else {
      word.text += c;
    }
  }
  finishWord();
  return { words, end: position };
}

function parseQuoted(text: string, start: number): { text: string; end: number } {
  const quote = text.charAt(start);
  let content = "";
  for (let position = start + 1; position < text.length; position++) {
    const c = text.charAt(position);
    if (c === quote) return { text: content, end: position };
    const next = text.charAt(position + 1);
    const joint = quote === '"' ? jointLength(text, position) : 0;
    if (joint > 0) {
      position += joint - 1;
    } else if (c === "\\" && quote === '"' && (next === '"' || next === "\\")) {
      content += next;
      position++;
    } else {
      content += c;
    }
  }
  throw new BadCommandLine(`A quote ${quote} is not closed`);
}

/**
 * How many characters a backslash at a line's end makes up with that end: as in sh the two lines
 * are one. 0 where there is none.
 */
function jointLength(text: string, position: number): number {
  if (text.startsWith("\\\n", position)) return 2;
  return text.startsWith("\\\r\n", position) ? 3 : 0;
}

function countLineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) {
    count++;
  }
  return count;
}

function toCommand(words: readonly Word[], source: string, line: number): CommandLine | undefined {
  let forgiven = false;
  let silent = false;
  let from = 0;
  let rest: readonly Word[] = [];
  for (const { text, quoted } of words) {
    const [prefix = ""] = quoted ? [] : (/^[-@]*/.exec(text) ?? []);
    forgiven ||= prefix.includes("-");
    silent ||= prefix.includes("@");
    const first = text.slice(prefix.length);
    if (first !== "" || quoted) {
      rest = [{ text: first, quoted }, ...words.slice(from + 1)];
      break;
    }
    from++;
  }
  return rest.length === 0 ? undefined : { words: rest, forgiven, silent, source, line };
}
