import { CommandFailed, Interrupted } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import type { Found } from "./found.ts";
import type { Tally } from "./tally.ts";

/** The option of commands that can ask before each file. */
export const ASK_OPTION = { ask: { letter: "i", means: "ask before each file" } } as const;

/** @throws {CommandFailed} status 2, where `-i` is given and there is nobody to ask */
export function checkAsking({ ask }: ShellContext, options: Options): void {
  if (!options.has("ask") || ask !== undefined) return;
  throw new CommandFailed(Status.usage, "-i asks, and there is no terminal: leave it out");
}

/** With `-i` asks the user about each file: yes, no, all that follow, or quit. */
export function asking<F extends Found>(
  context: ShellContext,
  options: Options,
  verb: string,
  found: AsyncIterable<readonly F[]>,
  tally: Tally,
): AsyncIterable<readonly F[]> {
  const { ask } = context;
  if (!options.has("ask") || ask === undefined) return found;
  const waiting = (question: string): Promise<string> => tally.whileWaiting(ask(question));
  return askEach(waiting, context.signal, verb, found, tally);
}

async function* askEach<F extends Found>(
  ask: (question: string) => Promise<string>,
  signal: AbortSignal,
  verb: string,
  found: AsyncIterable<readonly F[]>,
  tally: Tally,
): AsyncGenerator<readonly F[]> {
  let all = false;
  for await (const some of found) {
    for (const [index, item] of some.entries()) {
      if (all) {
        yield some.slice(index);
        break;
      }
      if (item.type !== "file") {
        yield [item];
        continue;
      }
      const answer = await untilAnswered(ask, signal, `${verb} ${item.shown}`);
      if (answer === "quit") return;
      all = answer === "all";
      if (answer !== "no") {
        yield [item];
        continue;
      }
      item.done?.();
      tally.declined();
    }
  }
}

type Answer = "yes" | "no" | "all" | "quit";

const ANSWERS: readonly Answer[] = ["yes", "no", "all", "quit"];

async function untilAnswered(
  ask: (question: string) => Promise<string>,
  signal: AbortSignal,
  what: string,
): Promise<Answer> {
  for (;;) {
    const typed = (await ask(`${what}? (yes, no, all, quit) [yes] `)).trim().toLowerCase();
    if (signal.aborted) throw new Interrupted();
    if (typed === "") return "yes";
    const answer = ANSWERS.find((candidate) => candidate.startsWith(typed));
    if (answer !== undefined) return answer;
  }
}
