import type { Word } from "../parse.ts";

/** What a word of a command names. */
export type Kind =
  | "remote"
  | "remote-folder"
  | "local"
  | "local-folder"
  /** A server of the configuration. */
  | "server"
  | "command";

/** What the words of a command name: each its own, and the last of these all that follow. */
type Words = readonly [...(readonly Kind[])[]];

const FETCHED: Words = [["remote"], ["remote", "local-folder"]];
const SENT: Words = [["local"], ["local", "remote-folder"]];

/** By the names of the commands; those that are missing take no words that can be completed. */
export const WORDS: Readonly<Record<string, Words>> = {
  OPEN: [["server"], []],
  HELP: [["command"], []],
  GET: FETCHED,
  MGET: FETCHED,
  PUT: SENT,
  MPUT: SENT,
  MIRROR: [["remote-folder"], ["local-folder"], []],
  LS: [["remote"]],
  CD: [["remote-folder"], []],
  STAT: [["remote"]],
  MKDIR: [["remote-folder"]],
  MV: [["remote"]],
  RM: [["remote"]],
  RMDIR: [["remote-folder"]],
  LLS: [["local"]],
  LCD: [["local-folder"], []],
};

const REVERSED: Words = [["local-folder"], ["remote-folder"], []];

/**
 * What the next word of a command names.
 * @param name of the command, in upper case
 * @param options those that were given
 * @param index how many words stand before it that are no options
 */
export function kindsOf(name: string, options: readonly Word[], index: number): readonly Kind[] {
  const reversed =
    name === "MIRROR" && options.some(({ text }) => /^-[^-]*R|^--reverse$/.test(text));
  const words = reversed ? REVERSED : (WORDS[name] ?? []);
  return words[Math.min(index, words.length - 1)] ?? [];
}
