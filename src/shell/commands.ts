import type { Command } from "./command.ts";
import { close } from "./commands/close.ts";
import { get, mget } from "./commands/get.ts";
import { helpFor } from "./commands/help.ts";
import { ls } from "./commands/ls.ts";
import { mirror } from "./commands/mirror.ts";
import { open } from "./commands/open.ts";
import { mput, put } from "./commands/put.ts";
import { quit } from "./commands/quit.ts";

/** Every command, in the order in which HELP shows them. */
export const COMMANDS: readonly Command[] = [
  open,
  get,
  mget,
  put,
  mput,
  mirror,
  ls,
  close,
  quit,
  helpFor(() => COMMANDS),
];
