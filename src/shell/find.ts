import type { Command } from "./command.ts";
import { nearest } from "./nearest.ts";

/** The command of that name or synonym, in any case. */
export function findCommand(commands: readonly Command[], name: string): Command | undefined {
  const upper = name.toUpperCase();
  return commands.find((command) => command.name === upper || command.synonyms.includes(upper));
}

/** What to say of a command that does not exist. */
export function unknownCommand(commands: readonly Command[], name: string): string {
  const names = commands.flatMap((command) => [command.name, ...command.synonyms]);
  const meant = nearest(name, names);
  const hint = meant === undefined ? "HELP lists what there is" : `did you mean ${meant}?`;
  return `There is no command ${name}: ${hint}`;
}
