import type { ShellContext } from "./context.ts";
import type { Word } from "./parse.ts";

/** An option of a command, known by its long name, such as `--recursive`. */
export interface Option {
  /** Its short name, such as `r`. */
  readonly letter?: string;
  readonly means: string;
}

/** The options that were given to a command, by their long names. */
export type Options = ReadonlySet<string>;

/** A command of the shell: what HELP tells of it, and what it does. */
export interface Command {
  /** In upper case. */
  readonly name: string;
  /** Other names that people know it by. */
  readonly synonyms: readonly string[];
  /** Its words, such as `remote [local]`. */
  readonly usage: string;
  /** In few words; HELP alone shows what stands before the first comma. */
  readonly summary: string;
  /** Lines that can be typed as they are. */
  readonly examples: readonly string[];
  /** What else there is to know, in sentences. */
  readonly notes?: readonly string[];
  /** Its options, by their long names. */
  readonly options?: Readonly<Record<string, Option>>;
  /** Letters of options that people type elsewhere, and that ask for what is done anyway. */
  readonly idleLetters?: string;
  /** How many words it takes at the least and at the most. */
  readonly words: readonly [least: number, most: number];
  /** @throws what `toCommandFailed` understands */
  run(words: readonly Word[], context: ShellContext, options: Options): Promise<void>;
}
