import { CommandFailed } from "../client/errors.ts";
import type { OpeningOptions } from "../client/opening.ts";
import type { Session } from "../client/session.ts";
import { Status } from "../client/status.ts";
import type { ClientEvent, Observe } from "../observe/events.ts";
import type { Path } from "../protocol/path.ts";
import type { Storage } from "../storage/storage.ts";
import type { Job } from "./progress/job.ts";
import type { Watcher } from "./progress/meter.ts";
import type { Text } from "./text.ts";

/** Where the shell says things. */
export interface Output {
  /** A message: what was done. */
  say(message: Text): void;
  /** A message: what lowers security. */
  warn(message: string): void;
  /** A message: what went wrong. */
  complain(message: string): void;
  /** What was asked for, for standard output. */
  data(text: Text): void;
  /** Bytes for standard output as they are; not where events are written there. */
  readonly raw: ((bytes: Uint8Array) => Promise<void>) | undefined;
  readonly observe: Observe<ClientEvent>;
  /** Whether anybody listens to what is observed. */
  readonly isObserved: boolean;
  /** The descriptor that programs which the user starts write to: standard output or error. */
  readonly programs: 1 | 2;
  /** Shows how far a job is; `undefined` where nobody watches. */
  readonly meter: Watcher | undefined;
  /** Settles when all of it has left the process. */
  flush(): Promise<void>;
}

/** Hands the terminal to another program, and takes it back when that has ended. */
export type Lend = <T>(work: () => Promise<T>) => Promise<T>;

/** A server that the configuration gives a name. */
export interface NamedServer {
  readonly address: string;
  /** What to log in with: a token, or a user's password. */
  readonly token?: string;
}

/** What the commands of one shell share. */
export interface ShellContext {
  readonly output: Output;
  /** The client's folder. */
  readonly root: Storage;
  /** How to connect. */
  readonly connecting: OpeningOptions;
  /** How often in a row a connection that was lost is tried again. */
  readonly retries: number;
  /** Sync what is stored on this side before success is reported. */
  readonly durable: boolean;
  /** Change nothing on either side: say what would be done. */
  readonly dryRun: boolean;
  /** Tell the digest of each file. */
  readonly verbose: boolean;
  /**
   * The server of that name.
   * @throws {CommandFailed} status 2, where there is none, but one of a name that is nearly the same
   */
  readonly findServer: (name: string) => NamedServer | undefined;
  /** What the keys of interrupted uploads are made with. */
  readonly secret: () => Promise<Uint8Array>;
  /** Standard input, once; not where commands are read from it. */
  readonly takeInput: () => AsyncIterable<Uint8Array> | undefined;
  /** Asks the user something, where there is one at a terminal. */
  ask: ((question: string) => Promise<string>) | undefined;
  /** Drops what was typed while the command ran. */
  dropTypedAhead: () => void;
  session: Session | undefined;
  /** Where names of the server's side begin: CD changes it, a new connection starts at the root. */
  remoteFolder: Path;
  /** Where they began before the last CD. */
  previousFolder: Path | undefined;
  /** Where names of this side begin, as an absolute path: LCD changes it. */
  localFolder: string;
  /** Where they began before the last LCD. */
  previousLocalFolder: string | undefined;
  /** The words for OPEN that lead back to a connection that was lost, until another is opened. */
  lost: string | undefined;
  /** Aborted when the user interrupts the command that runs. */
  signal: AbortSignal;
  /** How far the command is that runs. */
  job: Job;
  /** `undefined` where commands come from elsewhere than a terminal. */
  lend: Lend | undefined;
  /** Set by QUIT. */
  quit: boolean;
}

/** @throws {CommandFailed} status 2, where there is no connection */
export function requireSession(context: ShellContext): Session {
  if (context.session !== undefined) return context.session;
  if (context.lost !== undefined) {
    const message = `Not connected any more: OPEN ${context.lost} connects again`;
    throw new CommandFailed(Status.connection, message);
  }
  throw new CommandFailed(Status.usage, "Not connected: use OPEN first, such as OPEN 12000");
}
