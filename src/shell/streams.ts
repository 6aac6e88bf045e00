import { isTerminal, STDOUT } from "../platform/terminal.ts";
import { StreamDownload } from "../client/stream-download.ts";
import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { uploadStream } from "../client/stream-upload.ts";
import { checkAllowed, checkName } from "./allowed.ts";
import type { Options } from "./command.ts";
import { requireSession, type ShellContext } from "./context.ts";
import type { Word } from "./parse.ts";
import { isPattern } from "./pattern.ts";
import { meansFolder, parseRemotePath } from "./remote-path.ts";
import { report } from "./report.ts";
import { linkOf, transferOptions } from "./transfer.ts";
import { CALLED } from "../platform/called.ts";

/** Whether a word stands for standard input or output. */
export function isStream(word: Word | undefined): boolean {
  return word !== undefined && word.text === "-" && !word.quoted;
}

/**
 * Gets a file to standard output.
 * @throws {CommandFailed} status 2, where more is asked for, or events are written there
 */
export async function receiveStream(
  sources: readonly Word[],
  context: ShellContext,
  options: Options,
): Promise<void> {
  const { output, remoteFolder } = context;
  const [source, another] = sources;
  refuseOptions("GET", options);
  const remote = parseRemotePath(source?.text ?? "", remoteFolder);
  if (source === undefined || another !== undefined || isPattern(source) || remote.length === 0) {
    throw new CommandFailed(
      Status.usage,
      "GET writes one file to standard output: type GET name -",
    );
  }
  if (output.raw === undefined) {
    throw new CommandFailed(
      Status.usage,
      "Standard output is for events with --json: GET to a file, or leave --json out",
    );
  }
  const shown = remote.join("/");
  if (context.dryRun || options.has("dry-run")) {
    return output.say(`Would get ${shown} to standard output`);
  }
  // The bytes themselves go to where progress would be shown.
  if (isTerminal(STDOUT)) context.job.end();
  const link = linkOf(context);
  const work = new StreamDownload(
    remote,
    output.raw,
    transferOptions(context, link, shown, options),
  );
  const done = await link.run((session) => work.attempt(session));
  report(context, options, "received", { remote: shown, local: "standard output" }, done);
}

/**
 * Sends what standard input holds.
 * @throws {CommandFailed} status 2, where the commands come from it
 */
export async function sendStream(
  [target, another]: readonly Word[],
  context: ShellContext,
  options: Options,
): Promise<void> {
  refuseOptions("PUT", options);
  if (
    target === undefined ||
    another !== undefined ||
    meansFolder(target.text) ||
    isStream(target)
  ) {
    throw new CommandFailed(
      Status.usage,
      "What comes from standard input needs a name: type PUT - name",
    );
  }
  const remote = parseRemotePath(target.text, context.remoteFolder);
  const shown = remote.join("/");
  const session = requireSession(context);
  const input = context.takeInput();
  if (input === undefined && context.ask !== undefined) {
    throw new CommandFailed(
      Status.usage,
      `At a terminal there is nothing to read: use ${CALLED} connect with -c 'PUT - name'`,
    );
  }
  if (input === undefined) {
    throw new CommandFailed(
      Status.usage,
      "The commands come from standard input, or it was read already: give them with -c or -b",
    );
  }
  if (context.dryRun || options.has("dry-run")) {
    checkName(remote);
    checkAllowed(session, "add");
    return context.output.say(`Would put standard input to ${shown}`);
  }
  const done = await uploadStream(session, remote, input, context.signal);
  report(context, options, "sent", { remote: shown, local: "standard input" }, done);
}

/** Options that are of use with a stream, too. */
const USEFUL: ReadonlySet<string> = new Set(["verbose", "fresh", "dry-run"]);

function refuseOptions(verb: string, options: Options): void {
  const useless = [...options].find((name) => !USEFUL.has(name));
  if (useless === undefined) return;
  throw new CommandFailed(Status.usage, `${verb} with - takes no --${useless}`);
}
