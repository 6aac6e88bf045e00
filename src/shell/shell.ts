import { formatAddress } from "../client/address.ts";
import { CommandFailed, Refused, toCommandFailed, type SessionLost } from "../client/errors.ts";
import type { Session } from "../client/session.ts";
import { Status } from "../client/status.ts";
import type { Trust } from "../client/trust.ts";
import { COMMANDS } from "./commands.ts";
import { closeSession } from "./commands/close.ts";
import { details } from "./commands/help.ts";
import { asksForHelp, checkWords, looksLikeOption } from "./check-words.ts";
import type { Lend, ShellContext } from "./context.ts";
import { findCommand, unknownCommand } from "./find.ts";
import { foreignWord } from "./foreign.ts";
import { SomeFailed } from "./many/tally.ts";
import { whereOf } from "./failure.ts";
import { Job } from "./progress/job.ts";
import { nextStep } from "./next-step.ts";
import { BadCommandLine, parseCommands, SHELL_ESCAPE, type CommandLine } from "./parse.ts";
import { NOOP_MS } from "../protocol/limits.ts";
import { StorageError, type Problem } from "../storage/errors.ts";

/** A shell that is left while a command runs gives it this long to forget its file, in ms. */
const LEAVE_MS = 300;

/** A script that commands come from, as they are told of. */
export interface Script {
  readonly name: string;
  /** Its line that they begin in, from 1 on. */
  readonly line: number;
  /** Whether each command is shown before it runs. */
  readonly echo: boolean;
}

/** The option that has a transfer start afresh, alone or among others. */
const AFRESH = /^(?:-[a-z]*f[a-z]*|--fresh)$/i;

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
    context: Omit<
      ShellContext,
      | "connecting"
      | "session"
      | "remoteFolder"
      | "previousFolder"
      | "localFolder"
      | "previousLocalFolder"
      | "ask"
      | "dropTypedAhead"
      | "lend"
      | "lost"
      | "signal"
      | "job"
      | "quit"
    >,
  ) {
    this.#context = {
      ...context,
      remoteFolder: [],
      previousFolder: undefined,
      localFolder: context.root.location,
      previousLocalFolder: undefined,
      connecting: { timeout, trust, onLost: (lost) => this.#lostWhileIdle(lost) },
      ask: undefined,
      dropTypedAhead: () => undefined,
      session: undefined,
      lost: undefined,
      signal: new AbortController().signal,
      job: new Job(),
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

  /** Where names begin on both sides; without a connection while a command uses it. */
  get places(): Pick<ShellContext, "session" | "remoteFolder" | "localFolder" | "root"> {
    return this.#running === undefined ? this.#context : { ...this.#context, session: undefined };
  }

  /** Whether the command that runs was interrupted, and has not ended yet. */
  get isCancelling(): boolean {
    return this.#running?.abort.signal.aborted === true;
  }

  /** Tells that a connection is gone, where whoever asked something of it besides found that out. */
  noticeLost(session: Session): void {
    if (session.lost !== undefined) this.#lostWhileIdle(session.lost);
  }

  /** How a program that the user starts gets the terminal. */
  set lend(lend: Lend) {
    this.#context.lend = lend;
  }

  /** Lets commands ask the user, who is at a terminal. */
  set ask(ask: (question: string) => Promise<string>) {
    const { meter } = this.#context.output;
    this.#context.ask = (question) =>
      meter === undefined ? ask(question) : meter.pauseFor(() => ask(question));
  }

  /** Drops what was typed while a command ran. */
  set dropTypedAhead(drop: () => void) {
    this.#context.dropTypedAhead = drop;
  }

  /**
   * Has a person answer what no command asks: nothing else is shown meanwhile, and nothing counts
   * as the answer that was typed before.
   */
  async askAlone<T>(ask: () => Promise<T>): Promise<T> {
    const { meter } = this.#context.output;
    this.#context.dropTypedAhead();
    const askNow = (): Promise<T> => this.yieldTo(ask);
    return meter === undefined ? askNow() : meter.pauseFor(askNow);
  }

  /** Lets a question read the terminal by itself. */
  yieldTo: <T>(question: () => Promise<T>) => Promise<T> = (question) => question();

  /** Shows something while no command runs, and where a person may be typing. */
  interject: (show: () => void) => void = (show) => show();

  /** Whether QUIT was given. */
  get hasQuit(): boolean {
    return this.#context.quit;
  }

  /**
   * Runs what was typed. Never rejects.
   * @param script what it comes from, where that is told of
   * @returns the status of the first that failed and was not forgiven: behind it none is run
   */
  async run(text: string, script?: Script): Promise<Status> {
    let commands: CommandLine[];
    try {
      commands = parseCommands(text);
    } catch (error) {
      if (!(error instanceof BadCommandLine)) throw error;
      const failed = new CommandFailed(Status.usage, error.message);
      return this.#fail({ source: text.trim(), line: 0 }, failed, script);
    }
    for (const command of commands) {
      if (script?.echo === true && !command.silent) this.#echo(command);
      const outcome = await this.#runOne(command, script);
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

  async #runOne(line: CommandLine, script: Script | undefined): Promise<Status> {
    const [{ text: name } = { text: "" }, ...words] = line.words;
    const ended = Promise.withResolvers<void>();
    this.#running = { abort: new AbortController(), ended: ended.promise };
    this.#context.signal = this.#running.abort.signal;
    const job = new Job();
    this.#context.job = job;
    this.#context.output.meter?.watch(job);
    try {
      const command = findCommand(COMMANDS, name);
      if (command === undefined) {
        const needless = foreignWord(name);
        if (needless !== undefined) {
          this.#context.output.say(needless);
          return Status.ok;
        }
        throw new CommandFailed(Status.usage, unknownCommand(COMMANDS, name));
      }
      if (asksForHelp(command, words)) {
        this.#context.output.data(details(command));
        return Status.ok;
      }
      const given = checkWords(command, words);
      await command.run(given.words, this.#context, given.options);
      return this.#context.signal.aborted ? Status.interrupted : Status.ok;
    } catch (error) {
      job.end();
      const failed = toCommandFailed(error);
      if (failed === undefined) throw error;
      // Behind it the server closes.
      if (failed instanceof Refused && failed.code === 421) await this.#context.session?.destroy();
      const typed = words.find((word) => !looksLikeOption(word))?.text ?? "";
      // A PIN is long, and says nobody what failed.
      const first = name.toUpperCase() === "OPEN" ? typed.replace(/#.*/s, "") : typed;
      const gap = name === SHELL_ESCAPE ? "" : " ";
      const known = `${name.toUpperCase()}${gap}${first}`.trim();
      const label = failed.status === Status.usage ? "" : known;
      const side = error instanceof StorageError ? "local" : undefined;
      return this.#fail(line, failed, script, {
        label,
        side,
        typed,
        problem: error instanceof StorageError ? error.problem : undefined,
        command: findCommand(COMMANDS, name)?.name,
        onwards: job.onwards,
        afresh: words.some((word) => looksLikeOption(word) && AFRESH.test(word.text)),
      });
    } finally {
      job.end();
      this.#running = undefined;
      this.#dropLost();
      ended.resolve();
    }
  }

  #echo({ source }: CommandLine): void {
    for (const line of `sftp> ${source}`.split(/\r?\n/)) this.#context.output.say(line);
  }

  #fail(
    command: Pick<CommandLine, "source" | "line">,
    failed: CommandFailed,
    script: Script | undefined,
    told: {
      readonly label?: string;
      readonly side?: "local" | undefined;
      readonly command?: string | undefined;
      readonly typed?: string;
      readonly problem?: Problem | undefined;
      readonly afresh?: boolean;
      readonly onwards?: string | undefined;
    } = {},
  ): Status {
    const { output, session } = this.#context;
    const { label = "" } = told;
    const line = script === undefined ? undefined : script.line + command.line;
    const place = script === undefined ? "" : `${script.name} line ${line}: `;
    const side = failed instanceof Refused ? "remote" : told.side;
    const where =
      failed instanceof Refused && isAboutFile(failed)
        ? whereOf(failed, told.command ?? "", session)
        : "";
    const todo =
      this.#context.lend === undefined ? "" : nextStep({ ...told, session }, failed, side);
    const complaint = place + (label === "" ? "" : `${label}: `) + failed.message + where + todo;
    if (!(failed instanceof SomeFailed)) output.complain(complaint);
    output.observe({
      event: "failed",
      command: command.source,
      ...(line === undefined ? {} : { line }),
      status: failed.status,
      ...(side === undefined ? {} : { side }),
      ...(failed instanceof Refused ? { code: failed.code, word: failed.word } : {}),
      message: failed.message,
    });
    return failed.status;
  }

  #lostWhileIdle(lost: SessionLost): void {
    // A command that runs comes upon it by itself.
    if (this.#context.session?.lost !== lost || this.#running !== undefined) return;
    this.interject(() => {
      this.#context.output.complain(lost.message + this.#howToOpen());
      this.#dropLost();
    });
  }

  /** What a person types to have the connection again. */
  #howToOpen(): string {
    const { session, lend } = this.#context;
    if (session === undefined || lend === undefined) return "";
    return `; OPEN ${wayTo(session)} connects again`;
  }

  #dropLost(): void {
    const { session, output } = this.#context;
    if (session?.lost === undefined) return;
    this.#context.session = undefined;
    this.#context.lost = wayTo(session);
    output.observe({ event: "closed", host: session.address.host, port: session.address.port });
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
        this.#context.output.complain(failed.message + this.#howToOpen());
        this.#dropLost();
      });
    }
  }
}

function isAboutFile({ status }: Refused): boolean {
  return status === Status.notFound || status === Status.refused || status === Status.space;
}

/** What OPEN is given to reach the same server as the same user. */
function wayTo({ target, address }: Session): string {
  return `${target.user === undefined ? "" : `${target.user}@`}${formatAddress(address)}`;
}
