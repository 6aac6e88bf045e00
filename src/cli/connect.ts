import { defineCommand } from "citty";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { CommandFailed, toCommandFailed } from "../client/errors.ts";
import { uploadSecret } from "../client/secret.ts";
import { Status } from "../client/status.ts";
import { formatEvent } from "../observe/events.ts";
import type { Output } from "../shell/context.ts";
import { quoteWord } from "../shell/parse.ts";
import { runLines, runTexts } from "../shell/script.ts";
import { Shell } from "../shell/shell.ts";
import { StorageError } from "../storage/errors.ts";
import { fromSystem } from "../storage/local/errno.ts";
import { LocalStorage, type LocalOptions } from "../storage/local/local.ts";
import { checkEnoughFiles } from "./enough-files.ts";
import type { Arguments, Flags, Setting } from "./args.ts";
import { CONFIG_FLAG, type Config } from "./config.ts";
import { isOn, readCount, readSeconds, readWait, saidBy, setting, WEEK } from "./settings.ts";
import { stateFolder } from "./state-folder.ts";
import { trustFrom } from "./trust.ts";
import {
  createMessages,
  createMeter,
  flushOutput,
  hasColours,
  paintLines,
  shareStreams,
  writeBytes,
  writeData,
} from "./output.ts";
import { standardError, standardOutput } from "./outlet.ts";
import { isTerminal, STDIN } from "../platform/terminal.ts";
import { CALLED } from "../platform/called.ts";
import { compileLater } from "../platform/compiler.ts";

export const connect = defineCommand<Flags>({
  meta: { name: "connect", description: "Start the shell that gets and puts files" },
  args: {
    address: {
      type: "positional",
      required: false,
      description: "what to open at once: PORT, [USER@]HOST:PORT[#PIN], or a configured name",
    },
    port: {
      type: "positional",
      required: false,
      description: "the port, where ADDRESS is a host alone",
    },
    root: {
      type: "string",
      valueHint: "DIR",
      default: "./client",
      variable: "SFTP_CONNECT_ROOT",
      description: "folder of this side; made if absent",
    },
    command: {
      type: "string",
      alias: "c",
      flagOnly: true,
      valueHint: "COMMANDS",
      description: "run these, separated by ';', and leave; can be repeated",
    },
    batch: {
      type: "string",
      alias: "b",
      flagOnly: true,
      valueHint: "FILE",
      description: "run the commands in FILE, or from standard input if that is -",
    },
    "token-file": {
      type: "string",
      valueHint: "FILE",
      description: "log in with what is in this file, that its owner alone can read",
    },
    insecure: {
      type: "boolean",
      flagOnly: true,
      description: "DANGEROUS: neither encrypt nor log in, whoever answers",
    },
    timeout: {
      type: "string",
      valueHint: "SECONDS",
      default: "30",
      description: "how long a server may be silent while it is awaited",
    },
    retries: {
      type: "string",
      valueHint: "N",
      default: "5",
      description: "how often in a row to connect again when the connection drops in a transfer",
    },
    "keep-partial": {
      type: "string",
      valueHint: "SECONDS",
      default: WEEK,
      description: "how long what interrupted downloads have left is kept",
    },
    durable: {
      type: "boolean",
      description: "sync each file to the disk before saying that it is there",
    },
    "dry-run": {
      type: "boolean",
      alias: "n",
      flagOnly: true,
      description: "change nothing on either side: say what would be done",
    },
    quiet: { type: "boolean", alias: "q", description: "say only what went wrong" },
    verbose: { type: "boolean", alias: "v", description: "tell the digest of each file" },
    json: { type: "boolean", description: "write each event as a line of JSON to standard output" },
    config: CONFIG_FLAG,
  },
});

/** What ends the program at once; what was received stays in order, to be gone on with. */
const LEAVING = [
  ["SIGTERM", Status.terminated],
  ["SIGHUP", Status.hungUp],
] as const;

/** How long an interrupted command may take to end in order, where no other follows, in ms. */
const END_MS = 3000;
/** How long letting go of the folder may take at the end, in milliseconds. */
const CLOSE_MS = 2000;

/** Runs `sftp connect`. */
export async function runConnect(given: Arguments, config: Config): Promise<Status> {
  compileLater();
  const timeout = readWait(setting(given, "timeout"));
  const commands = given.values("command");
  const batch = given.value("batch");
  if (commands.length > 0 && batch !== undefined) {
    throw new CommandFailed(Status.usage, "-c and -b exclude each other: use one of them");
  }
  const input = batch === undefined ? undefined : await openBatch(batch);
  const retries = readCount(setting(given, "retries"));
  const keep = readSeconds(setting(given, "keep-partial"));
  const durable = isOn(given, "durable");
  const json = isOn(given, "json");
  const dryRun = given.has("dry-run");
  checkEnoughFiles();
  const root = await openRoot(setting(given, "root"), { make: !dryRun, durable });
  // No command waits for what was left to be looked through; nobody is told where it cannot be done.
  const swept = dryRun ? Promise.resolve() : root.sweep(keep).catch(() => undefined);
  const output = createOutput(json, isOn(given, "quiet"));
  if (given.has("insecure")) {
    output.warn(
      "WARNING: --insecure: whoever is on the way can read and change what is transferred, and " +
        "nothing proves who the server is.",
    );
  }
  let secret: Promise<Uint8Array> | undefined;
  const interactive = commands.length === 0 && input === undefined && isTerminal(STDIN);
  const askAlone = <T>(ask: () => Promise<T>): Promise<T> => shell.askAlone(ask);
  const shell: Shell = new Shell(
    timeout,
    trustFrom(given, interactive, output.complain, askAlone),
    {
      output,
      root,
      retries,
      durable,
      dryRun,
      takeInput:
        commands.length > 0 || (batch !== undefined && batch !== "-") ? once() : () => undefined,

      verbose: isOn(given, "verbose"),
      findServer: config.findServer,
      secret: () => {
        secret ??= uploadSecret(stateFolder());
        // Whoever mends what was wrong with it need not leave for that.
        secret.catch(() => (secret = undefined));
        return secret;
      },
    },
  );
  if (!interactive) process.on("SIGINT", () => interruptScript(shell, output));
  const left = Promise.withResolvers<Status>();
  let leaving: Status | undefined;
  for (const [signal, status] of LEAVING) {
    process.on(signal, () => {
      leaving ??= status;
      shell.interrupt();
      left.resolve(status);
    });
  }
  try {
    const [address] = given.words;
    const script =
      batch === undefined
        ? undefined
        : { name: batch === "-" ? "standard input" : batch, echo: !json };
    const work = async (): Promise<Status> => {
      const first =
        address === undefined ? undefined : `OPEN ${given.words.map(quoteWord).join(" ")}`;
      if (!interactive) {
        const status = first === undefined ? Status.ok : await shell.run(first);
        if (status !== Status.ok) return status;
        if (commands.length > 0) return runTexts(shell, commands);
        return runLines(shell, input ?? process.stdin, script);
      }
      const { runTerminal } = await import("../shell/terminal.ts");
      if (address === undefined) {
        output.say(`Type OPEN 12000 where ${CALLED} serve runs on this machine, or HELP.`);
      }
      await shareStreams();
      // Standard output is for data where something else than the terminal reads it.
      const screen =
        json || !standardOutput.isTerminal ? standardError.stream : standardOutput.stream;
      return runTerminal(shell, {
        screen,
        say: output.say,
        historyFile: join(stateFolder(), "history"),
        servers: config.serverNames,
        first,
      });
    };
    const status = await Promise.race([work(), left.promise]);
    return leaving ?? status;
  } finally {
    await shell.close();
    // On a disk that hangs it never ends.
    await Promise.race([swept.then(() => root.close()), Bun.sleep(CLOSE_MS)]);
  }
}

function createOutput(json: boolean, quiet: boolean): Output {
  const messages = createMessages({ folded: true });
  const meter = json || quiet ? undefined : createMeter(messages);
  const above = (show: () => void): void => (meter === undefined ? show() : meter.above(show));
  const colours = hasColours(standardOutput);
  return {
    say: (message) => {
      if (!quiet) above(() => messages.log(message));
    },
    warn: (message) => above(() => messages.warn(message)),
    complain: (message) => above(() => messages.error(message)),
    data: (text) => {
      if (!json) above(() => writeData(paintLines(text, colours)));
    },
    meter,
    raw: json ? undefined : writeBytes,
    observe: (event) => {
      if (json) writeData(formatEvent(event));
    },
    isObserved: json,
    programs: json ? 2 : 1,
    flush: flushOutput,
  };
}

/** Standard input, for the first who asks. */
function once(): () => AsyncIterable<Uint8Array> | undefined {
  let taken = false;
  return () => {
    if (taken) return undefined;
    taken = true;
    return process.stdin;
  };
}

/**
 * In a script the first Ctrl-C ends the command, and with it the run; the second leaves at once, and
 * so does the first where a disk or a server holds the command up for too long.
 */
function interruptScript(shell: Shell, output: Output): void {
  const leave = (): never => process.exit(Status.interrupted);
  if (!shell.interrupt()) leave();
  setTimeout(() => {
    output.complain(
      "Interrupted: the server has not said what became of the command that ran; look before you repeat it",
    );
    void output.flush().then(leave, leave);
  }, END_MS).unref();
}

async function openRoot(root: Setting, options: LocalOptions): Promise<LocalStorage> {
  try {
    return await LocalStorage.open(root.value, options);
  } catch (error) {
    const failed = toCommandFailed(error);
    if (failed === undefined || !(error instanceof Error)) throw error;
    const isMissing = error instanceof StorageError && error.problem === "not-found";
    const todo =
      isMissing && !options.make
        ? "--dry-run makes none: make it, or choose another with --root"
        : "choose another folder with --root";
    throw new CommandFailed(
      failed.status,
      `Cannot keep files in ${root.value}${saidBy(root)}: ${error.message}: ${todo}`,
    );
  }
}

async function openBatch(file: string): Promise<AsyncIterable<Uint8Array>> {
  if (file === "-") return process.stdin;
  try {
    const handle = await open(file);
    if (!(await handle.stat()).isDirectory()) return handle.createReadStream();
    await handle.close();
    throw new StorageError("not-a-file", [file], (name) => `${name} is a folder`);
  } catch (error) {
    const problem = fromSystem(error, [file]);
    const failed = toCommandFailed(problem);
    if (failed === undefined || !(problem instanceof Error)) throw error;
    throw new CommandFailed(failed.status, `Cannot read commands with -b: ${problem.message}`);
  }
}
