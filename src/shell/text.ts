/**
 * What a part of a text means to whoever reads it. How it looks is decided where it is written, and
 * it says the same without.
 * - `good`: proven, such as that a file is verified
 * - `warning`: something that lowers security
 * - `folder`: the name of a folder
 * - `secondary`: of less weight than what stands beside it
 */
export type Meaning = "good" | "warning" | "folder" | "secondary";

/** A part of a text that means something. */
export interface Marked {
  readonly means: Meaning;
  readonly text: string;
}

/** What is shown to people: plain, or with parts that mean something. */
export type Text = string | Marked | readonly (string | Marked)[];

/** Marks a text. */
export function marked(means: Meaning, text: string): Marked {
  return { means, text };
}

/** The parts of a text, in order. */
export function partsOf(text: Text): readonly (string | Marked)[] {
  return isPart(text) ? [text] : text;
}

/** A text without what its parts mean. */
export function plain(text: Text): string {
  return partsOf(text)
    .map((part) => (typeof part === "string" ? part : part.text))
    .join("");
}

/** Texts one behind the other. */
export function joined(texts: readonly Text[], between = ""): Text {
  const parts = texts.flatMap((text, index) =>
    index === 0 || between === "" ? partsOf(text) : [between, ...partsOf(text)],
  );
  const strings = parts.filter((part) => typeof part === "string");
  return strings.length === parts.length ? strings.join("") : parts;
}

function isPart(text: Text): text is string | Marked {
  return typeof text === "string" || "means" in text;
}
