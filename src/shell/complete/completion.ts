import { moreOf, type WordAtCursor } from "./word.ts";

/** A word that could be meant. */
export interface Candidate {
  /** All of the word, as the command is to get it. */
  readonly text: string;
  /** Whether more can follow in the same word, behind a slash. */
  readonly folder: boolean;
}

/** What Tab does. */
export interface Completion {
  /** What is put in at the cursor; what stands before it is never changed. */
  readonly insert: string;
  /** What there is to choose from, where nothing could be put in. */
  readonly choices: readonly string[];
}

export const NOTHING: Completion = { insert: "", choices: [] };

/**
 * Completes a word as far as all candidates go that begin like it.
 * @param after what stands behind the cursor
 */
export function completionOf(
  { word, quote, reader }: WordAtCursor,
  candidates: readonly Candidate[],
  after: string,
): Completion {
  const fitting = candidates.filter(({ text }) => text.startsWith(word.text));
  const [first] = fitting;
  if (first === undefined) return NOTHING;
  const begun = word.text !== "" || word.quoted || quote !== "none";
  const more = (text: string): string => moreOf(text.slice(word.text.length), quote, begun, reader);
  if (fitting.length === 1) return { insert: more(first.text) + endOf(), choices: [] };
  const insert = more(commonStart(fitting.map(({ text }) => text)));
  if (insert !== "") return { insert, choices: [] };
  return { insert, choices: fitting.map(nameOf) };

  /** What ends the word, unless more of it follows. */
  function endOf(): string {
    const inWord = after !== "" && !/^[\s;]/.test(after);
    if (first?.folder === true) return after.startsWith("/") ? "" : "/";
    if (inWord) return "";
    const closing = quote === "none" ? "" : quote;
    return after === "" ? `${closing} ` : closing;
  }
}

/** The last part of a path, with a slash where it is a folder. */
function nameOf({ text, folder }: Candidate): string {
  return text.slice(text.lastIndexOf("/") + 1) + (folder ? "/" : "");
}

/** What all texts begin with; no character is cut in half. */
function commonStart([first = "", ...others]: readonly string[]): string {
  let length = 0;
  for (const character of first) {
    const next = length + character.length;
    if (!others.every((other) => other.startsWith(first.slice(0, next)))) break;
    length = next;
  }
  return first.slice(0, length);
}
