import type { Command } from "./command.ts";
import { cd, cdup } from "./commands/cd.ts";
import { close } from "./commands/close.ts";
import { get, mget } from "./commands/get.ts";
import { helpFor, type CommandGroup, type HelpRow } from "./commands/help.ts";
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

/** Commands in the groups and the order in which HELP shows them: all of it fits on 24 lines. */
export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: "Connection",
    rows: [
      // The lines at the end tell of HELP.
      ...alone(open),
      { commands: [status, help] },
      { commands: [close, quit], shown: ["CLOSE, QUIT", "close the connection; QUIT also leaves"] },
    ],
  },
  {
    title: "Files",
    rows: [
      ...alone(get, put),
      { commands: [mget, mput], shown: ["MGET, MPUT", "GET and PUT that ask for each with -i"] },
      ...alone(mirror),
    ],
  },
  {
    title: "On the server",
    rows: [
      ...alone(ls, cd, pwd, stat),
      {
        commands: [mkdir, rmdir],
        shown: ["MKDIR, RMDIR folder...", "make folders, remove empty ones"],
      },
      ...alone(mv, rm),
    ],
  },
  {
    title: "On this side",
    rows: [
      { commands: [lls, lcd, lpwd], shown: ["LLS, LCD, LPWD", "as LS, CD and PWD on the server"] },
      ...alone(shellEscape),
    ],
  },
];

function alone(...commands: readonly Command[]): HelpRow[] {
  return commands.map((command) => ({ commands: [command] }));
}

/** Every command. */
export const COMMANDS: readonly Command[] = [
  ...COMMAND_GROUPS.flatMap(({ rows }) => rows.flatMap(({ commands }) => commands)),
  cdup,
];
