import type { CommandDef } from "citty";
import { ROLES } from "../security/users.ts";
import { flagsOf, type Flags } from "./args.ts";
import { SHELLS } from "./completion-shells.ts";

/** What a word or the value of a flag can be: a file, or one of several words. */
export type Value =
  | { readonly kind: "folder" | "file" | "server" | "other" }
  | { readonly kind: "words"; readonly words: readonly string[] };

export interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  /** `undefined` where it takes none. */
  readonly value: Value | undefined;
  /** How help calls its value. */
  readonly hint: string;
}

/** A command, as the scripts need it. */
export interface CommandRow {
  readonly name: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  /** What its words can be; the last stands for none behind it. */
  readonly words: readonly Value[];
}

/** What the words are that are no flags, by command and name; others are nobody's but the user's. */
const WORDS: Readonly<Record<string, Value>> = {
  "connect address": { kind: "server" },
  "user action": { kind: "words", words: ["add", "remove", "list"] },
  "completion shell": { kind: "words", words: SHELLS },
};

/** The commands with their flags, as the scripts need them. */
export async function tableOf(
  definitions: Readonly<Record<string, CommandDef<Flags>>>,
): Promise<readonly CommandRow[]> {
  const rows: CommandRow[] = [];
  for (const [name, definition] of Object.entries(definitions)) {
    const { meta } = definition;
    const { description = "" } = (await (typeof meta === "function" ? meta() : meta)) ?? {};
    const flags: Flag[] = [];
    const words: Value[] = [];
    for (const [long, argument] of Object.entries(await flagsOf(definition))) {
      if (argument.type === "positional") {
        words.push(WORDS[`${name} ${long}`] ?? { kind: "other" });
        continue;
      }
      const short = "alias" in argument ? [argument.alias ?? []].flat()[0] : undefined;
      flags.push({
        long,
        short,
        description: argument.description ?? "",
        value: argument.type === "boolean" ? undefined : valueOf(argument.valueHint),
        hint: argument.valueHint ?? "",
      });
    }
    flags.push({
      long: "help",
      short: "h",
      description: "show what there is",
      value: undefined,
      hint: "",
    });
    rows.push({ name, description, flags, words });
  }
  const names = rows.map(({ name }) => name);
  const help: Value = { kind: "words", words: names };
  return [
    ...rows,
    { name: "help", description: "Tell more of a command", flags: [], words: [help] },
  ];
}

function valueOf(hint: string | undefined): Value {
  if (hint === "DIR") return { kind: "folder" };
  if (hint === "FILE") return { kind: "file" };
  return hint === "ROLE" ? { kind: "words", words: ROLES } : { kind: "other" };
}
