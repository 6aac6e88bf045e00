import { formatAddress } from "../client/address.ts";
import { Status } from "../client/status.ts";
import { visible } from "../observe/visible.ts";
import { COMMANDS } from "./commands.ts";
import { Completer } from "./complete/completer.ts";
import { findCommand } from "./find.ts";
import { HistoryFile } from "./history.ts";
import type { Shell } from "./shell.ts";
import { Editor } from "./typing/editor.ts";
import { TypedLines } from "./typing/typed-lines.ts";

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
  /** What is run before anything is asked for. */
  readonly first?: string | undefined;
}

/** Runs a shell for a person at a terminal, until QUIT or Ctrl-D. */
export async function runTerminal(shell: Shell, options: TerminalOptions): Promise<Status> {
  const { screen, say } = options;
  const history = new HistoryFile(options.historyFile);
  const lines = new TypedLines();
  const completer = new Completer({
    places: () => shell.places,
    servers: options.servers,
    onSilent: (session) => shell.noticeLost(session),
  });
  let leaving = false;
  let closing = false;
  let led = false;
  /** What is typed ahead may have been meant for a question that never came, such as a password. */
  const isCommand = (line: string): boolean => !editor.typedAhead || beginsWithCommand(line);
  const editor: Editor = new Editor(screen, history.lines(), {
    onLine: (line) => {
      if (lines.isPrompting && isCommand(line)) history.add(line);
      lines.add(line);
    },
    onInterrupt: interrupt,
    onEnd: () => {
      // Whoever left at the prompt is still on its line.
      if (!closing) screen.write("\n");
      lines.end(Status.ok);
    },
    isPrompting: () => lines.isPrompting,
    isAwaited: () => lines.isPrompting || lines.isAnswering,
    isRemembered: (line) => lines.isPrompting && isCommand(line),
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
  shell.yieldTo = (question) => editor.yieldTo(question);
  shell.dropTypedAhead = () => editor.dropTypedAhead();
  shell.ask = (question) => {
    const answer = lines.answer();
    editor.prompt(visible(question));
    return answer;
  };
  /** A second Ctrl-C leaves at once, whatever the command waits for; Ctrl-D lets it finish. */
  const run = (line: string): Promise<Status | undefined> =>
    Promise.race([shell.run(line).then(() => undefined), lines.left]);
  try {
    if (options.first !== undefined) {
      const left = await run(options.first);
      if (left !== undefined) return left;
    }
    for (;;) {
      const next = lines.next();
      if (!lines.ended) {
        lead();
        editor.prompt(promptOf(shell));
      }
      const line = await next;
      if (typeof line !== "string") return line.status;
      leaving = false;
      completer.stop();
      const left = await run(line);
      if (left !== undefined) return left;
      completer.ran(line);
      if (shell.hasQuit) return Status.ok;
    }
  } finally {
    closing = true;
    completer.stop();
    editor.close();
  }

  function interrupt(): void {
    if (!lines.isPrompting) {
      // As the terminal itself would: what comes behind was typed before it was known how this went.
      editor.dropTypedAhead();
      if (lines.isAnswering) {
        if (editor.text !== "") editor.clear();
        // What is said next is not to stand behind the question.
        screen.write("\n");
      }
      lines.cancelAnswer();
      if (shell.interrupt()) {
        setTimeout(() => {
          if (shell.isCancelling) say("Cancelling… (Ctrl-C again leaves)");
        }, CANCELLING_MS).unref();
      } else if (!shell.isCancelling) {
        // It came together with the line, whose command begins only now.
        setImmediate(() => {
          if (!closing) interrupt();
        });
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
