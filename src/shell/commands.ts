import type { Command } from "./command.ts";
import { cd, cdup } from "./commands/cd.ts";
import { close } from "./commands/close.ts";
import { get, mget } from "./commands/get.ts";
import { helpFor, type CommandGroup } from "./commands/help.ts";
import { lcd } from "./commands/lcd.ts";
import { lls } from "./commands/lls.ts";
import { lpwd } from "./commands/lpwd.ts";
import { ls } from "./commands/ls.ts";
import { mirror } from "./commands/mirror.ts";
import { mkdir } from "./commands/mkdir.ts";
import { mv } from "./commands/mv.ts";
import { open } from "./commands/open.ts";
import { mput, put } from "./commands/put.ts";
import { pwd } from "./commands/pwd.ts";
import { quit } from "./commands/quit.ts";
import { rm } from "./commands/rm.ts";
import { rmdir } from "./commands/rmdir.ts";
import { shellEscape } from "./commands/shell-escape.ts";
import { stat } from "./commands/stat.ts";
import { status } from "./commands/status.ts";

const help = helpFor(
  () => COMMAND_GROUPS,
  () => COMMANDS,
);

/** Commands in the groups and the order in which HELP shows them. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [
  { title: "Connection", commands: [open, status, close, quit, help] },
  { title: "Files", commands: [get, mget, put, mput, mirror] },
  { title: "On the server", commands: [ls, cd, pwd, stat, mkdir, mv, rm, rmdir] },
  { title: "On this side", commands: [lls, lcd, lpwd, shellEscape] },
];

/** Every command. */
export const COMMANDS: readonly Command[] = [
  ...COMMAND_GROUPS.flatMap(({ commands }) => commands),
  cdup,
];
