import type { Command } from "./command.ts";
import { nearest } from "./nearest.ts";

/** The command of that name or synonym, in any case. */
export function findCommand(commands: readonly Command[], name: string): Command | undefined {
  const upper = name.toUpperCase();
  return commands.find((command) => command.name === upper || command.synonyms.includes(upper));
}

/** The most commands that are named where it is not clear which was meant. */
const MOST_MEANT = 5;

/** What to say of a command that does not exist, or could be several. */
export function unknownCommand(commands: readonly Command[], name: string): string {
  const begins = beginningWith(commands, name);
  if (begins.length > 1) {
    const most = begins.slice(0, MOST_MEANT);
    const last = most.pop() ?? "";
    return `There is no command ${name}: did you mean ${most.join(", ")} or ${last}?`;
  }
  const names = commands.flatMap((command) => [command.name, ...command.synonyms]);
  // `?` and `!` are as near to every other single character.
  const meant = nearest(
    name,
    names.filter((known) => /^[A-Z]/.test(known)),
  );
  const hint = meant === undefined ? "HELP lists what there is" : `did you mean ${meant}?`;
  return `There is no command ${name}: ${hint}`;
}

/** For each command that can be called so, one name that begins like this. */
function beginningWith(commands: readonly Command[], begin: string): string[] {
  if (begin === "") return [];
  const upper = begin.toUpperCase();
  return commands.flatMap(({ name, synonyms }) => {
    const found = [name, ...synonyms].find((candidate) => candidate.startsWith(upper));
    return found ?? [];
  });
}
