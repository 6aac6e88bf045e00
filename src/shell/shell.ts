import { CommandFailed, Interrupted, Refused, toCommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { COMMANDS } from "./commands.ts";
import { closeSession } from "./commands/close.ts";
import type { Command } from "./command.ts";
import type { ShellContext } from "./context.ts";
import { findCommand, unknownCommand } from "./find.ts";
import { BadCommandLine, parseCommands, type CommandLine, type Word } from "./parse.ts";

/** A shell left alone says so to the server this often, in milliseconds. */
const NOOP_MS = 60_000;

/** Runs commands, one after the other, whatever they come from. */
export class Shell {
  readonly #context: ShellContext;
  readonly #keepAlive: ReturnType<typeof setInterval>;
  #interrupt: AbortController | undefined;

  constructor(context: Omit<ShellContext, "session" | "signal" | "quit">) {
    this.#context = {
      ...context,
      session: undefined,
      signal: new AbortController().signal,
      quit: false,
    };
    this.#keepAlive = setInterval(() => void this.#noop(), NOOP_MS);
    this.#keepAlive.unref();
  }

  /** The server that the shell is connected to. */
  get connectedTo(): ShellContext["session"] {
    return this.#context.session;
  }

  /** Whether QUIT was given. */
  get hasQuit(): boolean {
    return this.#context.quit;
  }

  /**
   * Runs what was typed. Never rejects.
   * @param goOn runs the commands behind one that failed, too
   * @returns the status of the first that failed and was not forgiven
   */
  async run(text: string, goOn: boolean): Promise<Status> {
    let status: Status = Status.ok;
    let commands: CommandLine[];
    try {
      commands = parseCommands(text);
    } catch (error) {
      if (!(error instanceof BadCommandLine)) throw error;
      return this.#fail(text.trim(), new CommandFailed(Status.usage, error.message));
    }
    for (const command of commands) {
      const outcome = await this.#runOne(command);
      if (outcome !== Status.ok && !command.forgiven) {
        if (status === Status.ok) status = outcome;
        if (!goOn || outcome === Status.interrupted) return status;
      }
      if (this.#context.quit) return status;
    }
    return status;
  }

  /** Interrupts the command that runs; `false` where none does, or it was interrupted already. */
  interrupt(): boolean {
    if (this.#interrupt === undefined || this.#interrupt.signal.aborted) return false;
    this.#interrupt.abort();
    return true;
  }

  /** Closes the connection, if there is one. */
  async close(): Promise<void> {
    clearInterval(this.#keepAlive);
    await closeSession(this.#context);
  }

  async #runOne(line: CommandLine): Promise<Status> {
    const [name = "", ...words] = line.words.map((word) => word.text);
    this.#interrupt = new AbortController();
    this.#context.signal = this.#interrupt.signal;
    try {
      const command = findCommand(COMMANDS, name);
      if (command === undefined) {
        throw new CommandFailed(Status.usage, unknownCommand(COMMANDS, name));
      }
      await command.run(checkWords(command, line.words.slice(1)), this.#context);
      return Status.ok;
    } catch (error) {
      const failed = toCommandFailed(error);
      if (failed === undefined) throw error;
      const [first = ""] = words;
      const label = failed.status === Status.usage ? "" : `${name.toUpperCase()} ${first}`.trim();
      return this.#fail(line.source, failed, label);
    } finally {
      this.#interrupt = undefined;
      this.#dropLost();
    }
  }

  #fail(command: string, failed: CommandFailed, label = ""): Status {
    const { output } = this.#context;
    const shown = failed instanceof Interrupted ? "Interrupted" : failed.message;
    output.complain(label === "" ? shown : `${label}: ${shown}`);
    output.observe({
      event: "failed",
      command,
      status: failed.status,
      ...(failed instanceof Refused ? { code: failed.code, word: failed.word } : {}),
      message: failed.message,
    });
    return failed.status;
  }

  #dropLost(): void {
    const { session, output } = this.#context;
    if (session?.lost === undefined) return;
    this.#context.session = undefined;
    output.observe({ event: "closed" });
  }

  async #noop(): Promise<void> {
    const { session, output } = this.#context;
    if (session === undefined || this.#interrupt !== undefined) return;
    try {
      await session.request("NOOP", [], {}).success();
    } catch (error) {
      const failed = toCommandFailed(error);
      if (failed === undefined) throw error;
      if (session.lost === undefined) await session.destroy();
      output.complain(failed.message);
      this.#dropLost();
    }
  }
}

/** @throws {CommandFailed} status 2, for options that the command does not have or a wrong number */
function checkWords(command: Command, words: readonly Word[]): string[] {
  const texts: string[] = [];
  let optionsEnded = false;
  for (const { text, quoted } of words) {
    if (!optionsEnded && !quoted && text.length > 1 && text.startsWith("-")) {
      if (text !== "--") {
        throw new CommandFailed(Status.usage, `${command.name} has no option ${text}`);
      }
      optionsEnded = true;
      continue;
    }
    texts.push(text);
  }
  const [least, most] = command.words;
  if (texts.length < least || texts.length > most) {
    const usage = `${command.name} ${command.usage}`.trim();
    const problem = texts.length < least ? "needs more" : "takes fewer words";
    throw new CommandFailed(Status.usage, `${command.name} ${problem}: type ${usage}`);
  }
  return texts;
}
