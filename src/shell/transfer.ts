import { formatAddress } from "../client/address.ts";
import { withRetries } from "../client/retry.ts";
import type { Transfer, Transferred, TransferOptions } from "../client/transfer.ts";
import type { Options } from "./command.ts";
import { requireSession, type ShellContext } from "./context.ts";
import { progressOf } from "./report.ts";

/** The options of commands that move a file. */
export const TRANSFER_OPTIONS = {
  fresh: { letter: "f", means: "start afresh, whatever an earlier try has left" },
  verbose: { letter: "v", means: "tell the digest" },
} as const;

/**
 * Moves a file, over as many connections as it takes.
 * @param path as the user knows the file
 */
export async function transfer(
  context: ShellContext,
  path: string,
  options: Options,
  make: (options: TransferOptions) => Transfer,
): Promise<Transferred> {
  const { output, signal, connecting, retries } = context;
  const tell = progressOf(context, path);
  let progressed: () => void = () => undefined;
  let furthest = 0;
  const work = make({
    fresh: options.has("fresh"),
    signal,
    onProgress: (bytes, size) => {
      // What is sent again for a second time, because it never arrived, is no progress.
      if (bytes > furthest) progressed();
      furthest = Math.max(furthest, bytes);
      tell(bytes, size);
    },
    onRestart: (reason) => output.say(`${path}: ${reason}: starting again`),
  });
  const policy = {
    retries,
    session: connecting,
    signal,
    say: (message: string) => output.say(message),
    onReconnected: (session: NonNullable<ShellContext["session"]>) => {
      context.session = session;
      output.say(`Connected to ${formatAddress(session.address)} again.`);
      output.observe({ event: "opened", ...session.address });
    },
  };
  return withRetries(requireSession(context), policy, (session, onProgress) => {
    progressed = onProgress;
    return work.attempt(session);
  });
}
