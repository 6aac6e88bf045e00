import type { CommandDef } from "citty";
import type { Status } from "../client/status.ts";
import { flagsOf, type Arguments, type Flags } from "./args.ts";
import { completion, runCompletion } from "./completion.ts";
import type { Config } from "./config.ts";
import { connect, runConnect } from "./connect.ts";
import { serve } from "./serve-flags.ts";
import { user } from "./user-flags.ts";

/** A command of the command line. */
export interface SubCommand {
  readonly definition: CommandDef<Flags>;
  /** Whether the configuration file has a section for it. */
  readonly configured: boolean;
  readonly run: (given: Arguments, config: Config) => Promise<Status>;
}

/** Every command of the command line, by its name, in the order in which the help shows them. */
export const SUB_COMMANDS: Readonly<Record<string, SubCommand>> = {
  serve: {
    definition: serve,
    configured: true,
    // Neither the server nor what keeps users is loaded for a client.
    run: async (given) => (await import("./serve.ts")).runServe(given),
  },
  connect: { definition: connect, configured: true, run: runConnect },
  user: {
    definition: user,
    configured: true,
    run: async (given) => (await import("./user.ts")).runUser(given),
  },
  completion: {
    definition: completion,
    configured: false,
    run: (given, config) => runCompletion(given, config, definitions()),
  },
};

/** How the commands are defined, by their names. */
export function definitions(): Readonly<Record<string, CommandDef<Flags>>> {
  return Object.fromEntries(
    Object.entries(SUB_COMMANDS).map(([name, { definition }]) => [name, definition]),
  );
}

/** The flags of every command that the configuration file can set, by the command's name. */
export async function configurableFlags(): Promise<ReadonlyMap<string, Flags>> {
  const flags = Object.entries(SUB_COMMANDS)
    .filter(([, { configured }]) => configured)
    .map(async ([name, { definition }]) => [name, await flagsOf(definition)] as const);
  return new Map(await Promise.all(flags));
}
