import { CommandFailed, Refused, toCommandFailed, type SessionLost } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import type { Trust } from "../client/trust.ts";
import { COMMANDS } from "./commands.ts";
import { closeSession } from "./commands/close.ts";
import type { Command } from "./command.ts";
import type { ShellContext } from "./context.ts";
import { findCommand, unknownCommand } from "./find.ts";
import { BadCommandLine, parseCommands, type CommandLine, type Word } from "./parse.ts";

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
   * @param trust whom to trust, and what to log in with
   * @param context what the commands share
   */
  constructor(
    timeout: number,
    trust: Trust,
    context: Omit<ShellContext, "connecting" | "session" | "lost" | "signal" | "quit">,
  ) {
    this.#context = {
      ...context,
      connecting: { timeout, trust, onLost: (lost) => this.#lostWhileIdle(lost) },
      session: undefined,
      lost: false,
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
    const [name = "", ...words] = line.words.map((word) => word.text);
    const ended = Promise.withResolvers<void>();
    this.#running = { abort: new AbortController(), ended: ended.promise };
    this.#context.signal = this.#running.abort.signal;
    try {
      const command = findCommand(COMMANDS, name);
      if (command === undefined) {
        throw new CommandFailed(Status.usage, unknownCommand(COMMANDS, name));
      }
      const { texts, options } = checkWords(command, line.words.slice(1));
      await command.run(texts, this.#context, options);
      return this.#context.signal.aborted ? Status.interrupted : Status.ok;
    } catch (error) {
      const failed = toCommandFailed(error);
      if (failed === undefined) throw error;
      // Behind it the server closes.
      if (failed instanceof Refused && failed.code === 421) await this.#context.session?.destroy();
      const [first = ""] = words;
      const label = failed.status === Status.usage ? "" : `${name.toUpperCase()} ${first}`.trim();
      return this.#fail(line.source, failed, label);
    } finally {
      this.#running = undefined;
      this.#dropLost();
      ended.resolve();
    }
  }

  #fail(command: string, failed: CommandFailed, label = ""): Status {
    const { output } = this.#context;
    // What this side says of its own files ends likewise.
    const where = failed instanceof Refused && isAboutFile(failed) ? " (on the server)" : "";
    output.complain((label === "" ? "" : `${label}: `) + failed.message + where);
    output.observe({
      event: "failed",
      command,
      status: failed.status,
      ...(failed instanceof Refused ? { code: failed.code, word: failed.word } : {}),
      message: failed.message,
    });
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

function isAboutFile({ status }: Refused): boolean {
  return status === Status.notFound || status === Status.refused;
}

/** @throws {CommandFailed} status 2, for options that the command does not have or a wrong number */
function checkWords(
  command: Command,
  words: readonly Word[],
): { readonly texts: readonly string[]; readonly options: ReadonlySet<string> } {
  const texts: string[] = [];
  const options = new Set<string>();
  let optionsEnded = false;
  for (const { text, quoted } of words) {
    if (!optionsEnded && !quoted && text.length > 1 && text.startsWith("-")) {
      if (text === "--") optionsEnded = true;
      else for (const letter of lettersOf(command, text)) options.add(letter);
      continue;
    }
    texts.push(text);
  }
  const [least, most] = command.words;
  const usage = `${command.name} ${command.usage}`.trim();
  if (texts.length < least) {
    const example = command.examples[0] ?? command.name;
    throw new CommandFailed(
      Status.usage,
      `${command.name} needs more: type ${usage}, such as ${example}`,
    );
  }
  const extra = texts[most];
  if (extra !== undefined) {
    throw new CommandFailed(
      Status.usage,
      `${command.name} has a word too many, ${extra}: type ${usage}` +
        (most > 0 ? ", with quotes around a name that holds blanks" : ""),
    );
  }
  return { texts, options };
}

/** @throws {CommandFailed} status 2, for an option that the command does not have */
function lettersOf(command: Command, text: string): readonly string[] {
  const known = Object.keys(command.options ?? {});
  const letters = text.slice(1).split("");
  const unknown = letters.find((letter) => !known.includes(letter));
  if (unknown === undefined) return letters;
  const hint =
    known.length === 0 ? "it has none" : `it has ${known.map((letter) => `-${letter}`).join(", ")}`;
  throw new CommandFailed(Status.usage, `${command.name} has no option ${text}: ${hint}`);
}
