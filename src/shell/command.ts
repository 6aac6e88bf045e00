import type { ShellContext } from "./context.ts";

/** A command of the shell: what HELP tells of it, and what it does. */
export interface Command {
  /** In upper case. */
  readonly name: string;
  /** Other names that people know it by. */
  readonly synonyms: readonly string[];
  /** Its words, such as `remote [local]`. */
  readonly usage: string;
  readonly summary: string;
  /** Lines that can be typed as they are. */
  readonly examples: readonly string[];
  /** Its options: a letter each, and what it means. */
  readonly options?: Readonly<Record<string, string>>;
  /** How many words it takes at the least and at the most. */
  readonly words: readonly [least: number, most: number];
  /** @throws what `toCommandFailed` understands */
  run(words: readonly string[], context: ShellContext, options: ReadonlySet<string>): Promise<void>;
}
