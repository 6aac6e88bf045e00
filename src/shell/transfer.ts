import { formatAddress } from "../client/address.ts";
import { Link } from "../client/link.ts";
import type { TransferOptions } from "../client/transfer.ts";
import type { Options } from "./command.ts";
import { requireSession, type ShellContext } from "./context.ts";
import type { FileProgress } from "./progress/job.ts";
import { progressOf } from "./report.ts";

/** The options of commands that move files. */
export const TRANSFER_OPTIONS = {
  fresh: { letter: "f", means: "start afresh, whatever an earlier try has left" },
  verbose: { letter: "v", means: "tell of each file, with its digest" },
} as const;

/** The option of commands that change something. */
export const DRY_RUN_OPTION = {
  "dry-run": { letter: "n", means: "change nothing: say what would be done" },
} as const;

/**
 * The connection of a command, made again when it drops, and the shell's with it.
 * @throws {CommandFailed} where there is none
 */
export function linkOf(context: ShellContext): Link {
  const { output, signal, connecting, retries, job } = context;
  return new Link(requireSession(context), {
    retries,
    session: connecting,
    signal,
    say: (message) => output.say(message),
    onPause: (ms) => job.retryAt(performance.now() + ms),
    onReconnected: (session) => {
      job.reconnected();
      context.session = session;
      output.say(`Connected to ${formatAddress(session.address)} again.`);
      output.observe({ event: "opened", ...session.address });
    },
  });
}

/**
 * What a transfer tells the shell, and the shell the transfer.
 * @param path as the user knows the file
 * @param file how far it is; the only one of the command where left out
 */
export function transferOptions(
  context: ShellContext,
  link: Link,
  path: string,
  options: Options,
  file: FileProgress = context.job.beginOnly(path),
): TransferOptions {
  const { output, signal } = context;
  const tell = progressOf(context, path);
  let furthest = 0;
  // What is sent again for a second time, because it never arrived, is no progress.
  const onHandedOver = (bytes: number): void => {
    if (bytes > furthest) link.progressed();
    furthest = Math.max(furthest, bytes);
  };
  return {
    fresh: options.has("fresh"),
    signal,
    onHandedOver,
    onProgress: (bytes, size) => {
      onHandedOver(bytes);
      file.reached(bytes, size);
      tell(bytes, size);
    },
    onSent: () => undefined,
    onRestart: (reason) => output.say(`${path}: ${reason}: starting again`),
  };
}
