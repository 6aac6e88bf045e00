import { CommandFailed, Refused, toCommandFailed, type SessionLost } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { COMMANDS } from "./commands.ts";
import { closeSession } from "./commands/close.ts";
import { checkWords, looksLikeOption } from "./check-words.ts";
import type { Lend, ShellContext } from "./context.ts";
import { tellFailure } from "./failure.ts";
import { findCommand, unknownCommand } from "./find.ts";
import { BadCommandLine, parseCommands, SHELL_ESCAPE, type CommandLine } from "./parse.ts";
import { ToldAlready } from "./several.ts";

/** A shell left alone says so to the server this often, in milliseconds. */
const NOOP_MS = 60_000;
/** A shell that is left while a command runs gives it this long to forget its file, in ms. */
const LEAVE_MS = 300;

/** Runs commands, one after the other, whatever they come from. */
export class Shell {
  readonly #context: ShellContext;
  readonly #keepAlive: ReturnType<typeof setInterval>;
  #running: { readonly abort: AbortController; readonly ended: Promise<void> } | undefined;

  /**
   * @param timeout how long a server may be silent while it is awaited, in milliseconds
   * @param context what the commands share
   */
  constructor(
    timeout: number,
    context: Omit<
      ShellContext,
      | "connecting"
      | "session"
      | "remoteFolder"
      | "previousFolder"
      | "localFolder"
      | "lost"
      | "signal"
      | "lend"
      | "quit"
    >,
  ) {
    this.#context = {
      ...context,
      remoteFolder: [],
      previousFolder: undefined,
      localFolder: context.root.location,
      connecting: { timeout, onLost: (lost) => this.#lostWhileIdle(lost) },
      session: undefined,
      lost: false,
      signal: new AbortController().signal,
      lend: undefined,
      quit: false,
    };
    this.#keepAlive = setInterval(() => void this.#noop(), NOOP_MS);
    this.#keepAlive.unref();
  }

  /** The server that the shell is connected to. */
  get connectedTo(): ShellContext["session"] {
    return this.#context.session;
  }

  /** The folder of the server in which names begin. */
  get remoteFolder(): ShellContext["remoteFolder"] {
    return this.#context.remoteFolder;
  }

  /** How a program that the user starts gets the terminal. */
  set lend(lend: Lend) {
    this.#context.lend = lend;
  }

  /** Shows something while no command runs, and where a person may be typing. */
  interject: (show: () => void) => void = (show) => show();

  /** Whether QUIT was given. */
  get hasQuit(): boolean {
    return this.#context.quit;
  }

  /**
   * Runs what was typed. Never rejects.
   * @returns the status of the first that failed and was not forgiven: behind it none is run
   */
  async run(text: string): Promise<Status> {
    let commands: CommandLine[];
    try {
      commands = parseCommands(text);
    } catch (error) {
      if (!(error instanceof BadCommandLine)) throw error;
      return this.#fail(text.trim(), new CommandFailed(Status.usage, error.message));
    }
    for (const command of commands) {
      const outcome = await this.#runOne(command);
      if (outcome === Status.interrupted) return outcome;
      if (outcome !== Status.ok && !command.forgiven) return outcome;
      if (this.#context.quit) break;
    }
    return Status.ok;
  }

  /** Interrupts the command that runs; `false` where none does, or it was interrupted already. */
  interrupt(): boolean {
    if (this.#running === undefined || this.#running.abort.signal.aborted) return false;
    this.#running.abort.abort();
    return true;
  }

  /** Closes the connection, if there is one: at once where a command still runs. */
  async close(): Promise<void> {
    clearInterval(this.#keepAlive);
    if (this.#running === undefined) {
      await closeSession(this.#context);
    } else {
      // A goodbye would wait behind what runs.
      this.#context.session?.connection.destroy("interrupted");
      await Promise.race([this.#running.ended, Bun.sleep(LEAVE_MS)]);
    }
  }

  async #runOne(line: CommandLine): Promise<Status> {
    const name = line.words[0]?.text ?? "";
    const ended = Promise.withResolvers<void>();
    this.#running = { abort: new AbortController(), ended: ended.promise };
    this.#context.signal = this.#running.abort.signal;
    try {
      const command = findCommand(COMMANDS, name);
      if (command === undefined) {
        throw new CommandFailed(Status.usage, unknownCommand(COMMANDS, name));
      }
      const given = checkWords(command, line.words.slice(1));
      await command.run(given.words, this.#context, given.options);
      return this.#context.signal.aborted ? Status.interrupted : Status.ok;
    } catch (error) {
      const failed = toCommandFailed(error);
      if (failed === undefined) throw error;
      if (failed instanceof ToldAlready) return failed.status;
      // Behind it the server closes.
      if (failed instanceof Refused && failed.code === 421) await this.#context.session?.destroy();
      const first = line.words.slice(1).find((word) => !looksLikeOption(word))?.text ?? "";
      const gap = name === SHELL_ESCAPE ? "" : " ";
      const known = `${name.toUpperCase()}${gap}${first}`.trim();
      const label = failed.status === Status.usage ? "" : known;
      return this.#fail(line.source, failed, label);
    } finally {
      this.#running = undefined;
      this.#dropLost();
      ended.resolve();
    }
  }

  #fail(command: string, failed: CommandFailed, label = ""): Status {
    tellFailure(this.#context.output, command, failed, label);
    return failed.status;
  }

  #lostWhileIdle(lost: SessionLost): void {
    // A command that runs comes upon it by itself.
    if (this.#context.session?.lost !== lost || this.#running !== undefined) return;
    this.interject(() => {
      this.#context.output.complain(lost.message);
      this.#dropLost();
    });
  }

  #dropLost(): void {
    const { session, output } = this.#context;
    if (session?.lost === undefined) return;
    this.#context.session = undefined;
    this.#context.lost = true;
    output.observe({ event: "closed" });
  }

  async #noop(): Promise<void> {
    const { session } = this.#context;
    if (session === undefined || this.#running !== undefined) return;
    try {
      await session.request("NOOP", [], {}).success();
    } catch (error) {
      const failed = toCommandFailed(error);
      if (failed === undefined) throw error;
      if (session.lost === undefined) await session.destroy();
      this.interject(() => {
        this.#context.output.complain(failed.message);
        this.#dropLost();
      });
    }
  }
}
