import type { Command } from "./command.ts";
import { close } from "./commands/close.ts";
import { get } from "./commands/get.ts";
import { helpFor } from "./commands/help.ts";
import { ls } from "./commands/ls.ts";
import { open } from "./commands/open.ts";
import { put } from "./commands/put.ts";
import { quit } from "./commands/quit.ts";

/** Every command, in the order in which HELP shows them. */
export const COMMANDS: readonly Command[] = [
  open,
  get,
  put,
  ls,
  close,
  quit,
  helpFor(() => COMMANDS),
];
