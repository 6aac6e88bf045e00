import { formatAddress } from "../client/address.ts";
import { Status } from "../client/status.ts";
import { visible } from "../observe/visible.ts";
import { COMMANDS } from "./commands.ts";
import { Completer } from "./complete/completer.ts";
import { findCommand } from "./find.ts";
import { HistoryFile } from "./history.ts";
import type { Shell } from "./shell.ts";
import { Editor } from "./typing/editor.ts";
import { LineQueue } from "./typing/line-queue.ts";

/** A server that does not hear that it is to cancel is told of after this long, in milliseconds. */
const CANCELLING_MS = 400;

export interface TerminalOptions {
  /** Where the prompt and what is typed are shown. */
  readonly screen: NodeJS.WriteStream;
  readonly say: (message: string) => void;
  /** Where the lines that were typed are kept. */
  readonly historyFile: string;
  /** The names of the servers that the configuration knows. */
  readonly servers: readonly string[];
}

/** Runs a shell for a person at a terminal, until QUIT or Ctrl-D. */
export async function runTerminal(shell: Shell, options: TerminalOptions): Promise<Status> {
  const { screen, say } = options;
  const history = new HistoryFile(options.historyFile);
  const lines = new LineQueue();
  const completer = new Completer({
    places: () => shell.places,
    servers: options.servers,
    onSilent: (session) => shell.noticeLost(session),
  });
  let running = false;
  let leaving = false;
  let closing = false;
  let led = false;
  /** What is typed ahead may have been meant for a question that was about to come, such as a password. */
  const isCommand = (line: string): boolean => !running || beginsWithCommand(line);
  const editor = new Editor(screen, history.lines(), {
    onLine: (line) => {
      if (!lines.isAnswering && isCommand(line)) history.add(line);
      lines.add(line);
    },
    onInterrupt: interrupt,
    onEnd: () => {
      // Whoever left at the prompt is still on its line.
      if (!closing) screen.write("\n");
      lines.end(Status.ok);
    },
    isPrompting: () => !running,
    isShown: () => !running || lines.isAnswering,
    isRemembered: (line) => !lines.isAnswering && isCommand(line),
    complete: (before, after) => completer.complete(before, after),
  });
  shell.interject = (show) => {
    editor.interject(show);
    editor.prompt(promptOf(shell));
  };
  shell.lend = async (work) => {
    // Ctrl-C then goes to both programs, and is the other's.
    const ignore = (): void => undefined;
    process.on("SIGINT", ignore);
    try {
      return await editor.lend(work);
    } finally {
      process.off("SIGINT", ignore);
    }
  };
  shell.ask = (question) => {
    const answer = lines.answer();
    editor.prompt(visible(question));
    return answer;
  };
  try {
    for (;;) {
      if (!lines.ended) {
        lead();
        editor.prompt(promptOf(shell));
      }
      const { typedAhead } = lines;
      const line = await lines.next();
      if (typeof line !== "string") return line.status;
      // It was not shown while the command before it ran.
      if (typedAhead) editor.interject(() => screen.write(`${promptOf(shell)}${visible(line)}\n`));
      leaving = false;
      running = true;
      completer.stop();
      // A second Ctrl-C leaves at once, whatever the command waits for; Ctrl-D lets it finish.
      const left = await Promise.race([shell.run(line).then(() => undefined), lines.left]);
      if (left !== undefined) return left;
      running = false;
      completer.ran(line);
      if (shell.hasQuit) return Status.ok;
    }
  } finally {
    closing = true;
    completer.stop();
    editor.close();
  }

  function interrupt(): void {
    if (running) {
      if (lines.isAnswering && editor.text !== "") editor.clear();
      lines.cancelAnswer();
      if (shell.interrupt()) {
        setTimeout(() => {
          if (shell.isCancelling) say("Cancelling… (Ctrl-C again leaves)");
        }, CANCELLING_MS).unref();
      } else {
        say("Left without waiting any longer.");
        lines.leave(Status.interrupted);
        closing = true;
        editor.close();
      }
    } else if (editor.text !== "") {
      editor.clear();
    } else if (leaving) {
      screen.write("\n");
      closing = true;
      lines.leave(Status.interrupted);
    } else {
      leaving = true;
      screen.write("\n");
      say("Ctrl-C again, Ctrl-D or QUIT leaves.");
      editor.prompt(promptOf(shell));
    }
  }

  /** Says once what to type when there is a server. */
  function lead(): void {
    if (led || shell.connectedTo === undefined) return;
    led = true;
    say("LS lists what is there, GET NAME fetches it, PUT NAME sends a file, HELP tells more.");
  }
}

function beginsWithCommand(line: string): boolean {
  const [word = ""] = /^[^\s;]*/.exec(line) ?? [];
  return word.startsWith("!") || findCommand(COMMANDS, word) !== undefined;
}

function promptOf(shell: Shell): string {
  const { connectedTo, remoteFolder } = shell;
  if (connectedTo === undefined) return "sftp> ";
  const folder = remoteFolder.map((part) => `/${part}`).join("");
  return `sftp ${formatAddress(connectedTo.address)}${visible(folder)}> `;
}
