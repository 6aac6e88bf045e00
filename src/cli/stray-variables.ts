import { nearest } from "../shell/nearest.ts";
import type { Flags } from "./args.ts";
import { plainVariableOf, variableOf } from "./settings.ts";

/** Variables that no flag has. */
const OTHERS = ["SFTP_TOKEN"];

/**
 * What to say of variables that were meant to set something, and that nothing reads. Those that are
 * like none that is known may belong to another program.
 * @param env such as `process.env`
 * @param all the flags of each command that reads variables
 */
export function strayVariables(
  env: Readonly<Record<string, string | undefined>>,
  all: Iterable<Flags>,
): readonly string[] {
  const candidates = Object.entries(env).filter(
    ([name, value = ""]) => /^SFTP_./i.test(name) && value !== "",
  );
  // As good as always: what is known is not put together for nothing.
  if (candidates.length === 0) return [];
  const known = new Set(OTHERS);
  /** What a name stands for that was put together as most are. */
  const meant = new Map<string, Set<string>>();
  const flagsAlone = new Map<string, string>();
  const mean = (name: string, variable: string): void => {
    const variables = meant.get(name) ?? new Set();
    meant.set(name, variables.add(variable));
  };
  for (const flags of all) {
    for (const [name, { type }] of Object.entries(flags)) {
      if (type === "positional") continue;
      const plain = plainVariableOf(name);
      const variable = variableOf(flags, name);
      if (variable === undefined) flagsAlone.set(plain, name);
      else {
        known.add(variable);
        mean(plain, variable);
        mean(variable, variable);
      }
    }
  }
  for (const variable of OTHERS) mean(variable, variable);
  return candidates.flatMap(([name]) => {
    if (known.has(name)) return [];
    const flag = flagsAlone.get(name);
    // A flag of another command may have a variable.
    if (flag !== undefined && !meant.has(name))
      return [`${name} is not read: only the flag --${flag} sets that`];
    // What all begin with makes none more like another.
    const names = [...meant.keys()].map((one) => one.slice("SFTP_".length));
    const like = nearest(name.slice("SFTP_".length), names);
    const variables = like === undefined ? undefined : meant.get(`SFTP_${like}`);
    if (variables === undefined) return [];
    return [`${name} is not read: did you mean ${[...variables].join(" or ")}?`];
  });
}
