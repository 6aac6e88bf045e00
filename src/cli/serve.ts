import { BadAddress, parsePort } from "../client/address.ts";
import { CommandFailed, toCommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { formatEvent, type Observe, type ServerEvent } from "../observe/events.ts";
import { Server, type ServerOptions } from "../server/server.ts";
import type { Deadlines } from "../server/watch.ts";
import { formatSeconds } from "../observe/units.ts";
import { NOOP_MS } from "../protocol/limits.ts";
import { SYSTEM } from "../platform/system.ts";
import { isLoopback } from "../security/ip.ts";
import { fileWorker } from "../storage/local/small/file-worker.ts";
import type { Storage } from "../storage/storage.ts";
import { announce, connectLines, tellCommands } from "./announce.ts";
import type { Arguments, Setting } from "./args.ts";
import { checkEnoughFiles } from "./enough-files.ts";
import { provideFileThreads } from "./file-threads.ts";
import { readLimits } from "./limits.ts";
import { Proxies } from "../transport/proxies.ts";
import { standardError, standardOutput } from "./outlet.ts";
import { createMessages, logTo, writeMessage, type Messages } from "./output.ts";
import { protectionFor } from "./protection.ts";
import { isS3 } from "../storage/s3/location.ts";
import { rootFrom, type Root } from "./roots.ts";
import { describeEvent, describeListening, timestamp } from "./server-log.ts";
import {
  isOn,
  optionalSetting,
  readSeconds,
  readSize,
  readWait,
  saidBy,
  setting,
} from "./settings.ts";
import { PROGRAM } from "./version.ts";

/** After a second signal, how long what was being stored may take to be forgotten, in ms. */
const LEAVE_MS = 300;

/** Runs `sftp serve` until it is told to stop. */
export async function runServe(given: Arguments): Promise<Status> {
  const atTerminal = standardError.isTerminal;
  const line = logTo(standardError, describeLost);
  const messages = createMessages({ folded: true, line });
  // What is to be copied is left to the terminal to break.
  const exact = createMessages({ line });
  const { host, port } = readListenAddress(given);
  const grace = readSeconds(setting(given, "grace"));
  const root = setting(given, "root");
  const data = logTo(standardOutput, (lines) => formatEvent({ event: "lost", lines }));
  const observe: Observe<ServerEvent> = isOn(given, "json")
    ? (event) => data(formatEvent(event))
    : (event) => {
        if (event.event !== "listening") {
          messages.log(`${timestamp(new Date())} ${describeEvent(event)}`);
        } else if (atTerminal) {
          const { what, commands } = describeListening(event);
          messages.log(what);
          tellCommands(exact, commands);
        } else {
          messages.log(describeEvent(event));
        }
      };
  const deadlines: Deadlines = {
    idle: readWait(setting(given, "idle-timeout")),
    line: readWait(setting(given, "line-timeout")),
    minRate: readSize(setting(given, "min-rate")),
  };
  const onInternalError = (error: unknown): void => {
    messages.error(`Internal error: ${error instanceof Error ? error.message : String(error)}`);
  };
  fileWorker.onDeath = (why) => {
    messages.error(
      `The thread for small files has failed: ${why}. They are moved one by one, which is slower; ` +
        "another thread is tried from time to time.",
    );
  };
  const keepPartial = readSeconds(setting(given, "keep-partial"));
  checkEnoughFiles();
  provideFileThreads();
  const durable = isOn(given, "durable");
  const limits = readLimits(given);
  const make = !limits.readOnly;
  const place = rootFrom(given, { make, durable });
  const protection = await protectionFor(given, host, place, (message) => messages.error(message));
  const options = {
    protection,
    host,
    port,
    observe,
    program: PROGRAM,
    deadlines,
    limits: limits.door,
    proxies: proxiesFrom(given),
    withheld: limits.withheld,
    readOnly: limits.readOnly,
    quota: limits.quota,
    rateLimit: limits.rateLimit,
    keepPartial,
    onInternalError,
  };
  const storage = await openRoot(root, place);
  const server = await start(storage, options);
  if (protection !== undefined) {
    await announce(exact, line, connectLines(host, server.port, protection), protection);
  }
  if (deadlines.idle <= NOOP_MS) {
    messages.log(
      `Shells in which nothing is typed are closed after ${formatSeconds(deadlines.idle / 1000)}: ` +
        `with an --idle-timeout of more than ${NOOP_MS / 1000} they stay.`,
    );
  }
  for (const note of [...limits.notes, ...(storage.notes ?? [])]) messages.log(note);
  if (given.has("insecure")) warn(messages, host);
  if (atTerminal) messages.log("Ctrl-C stops it.");
  return untilStopped(server, grace);
}

async function openRoot(root: Setting, place: Root): ReturnType<Root["open"]> {
  try {
    const storage = await place.open();
    for await (const _ of storage.list([], { recursive: false })) break;
    return storage;
  } catch (error) {
    const failed = toCommandFailed(error);
    if (failed === undefined) throw error;
    const what = `${root.value}${saidBy(root)}`;
    throw new CommandFailed(failed.status, `Cannot serve ${what}: ${problemOf(error, root)}`);
  }
}

async function start(storage: Storage, options: Omit<ServerOptions, "storage">): Promise<Server> {
  try {
    return new Server({ ...options, storage });
  } catch (error) {
    await storage.close();
    throw listenFailed(error, options.host, options.port);
  }
}

function describeLost(lines: number): string {
  return `${timestamp(new Date())} ${describeEvent({ event: "lost", lines })}\n`;
}

function problemOf(error: unknown, root: Setting): string {
  const message = error instanceof Error ? error.message : String(error);
  // What is wrong with a store says by itself what to do.
  return isS3(root.value) ? message : `${message}: choose another folder with --root`;
}

function listenFailed(error: unknown, host: string, port: number): CommandFailed {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  switch (code) {
    case "EADDRINUSE":
      return new CommandFailed(
        Status.failed,
        `Port ${port} on ${host} is in use: choose another with --port, or 0 for any free one`,
      );
    case "EACCES":
      return new CommandFailed(
        Status.failed,
        `The system does not permit port ${port}: choose one from 1024 on with --port`,
      );
    case "EADDRNOTAVAIL":
      return new CommandFailed(
        Status.failed,
        `This machine has no address ${host}: choose one of its own with --host`,
      );
    // The runtime gives no code to a name that it cannot find, or not always.
    case "ENOTFOUND":
    case undefined:
      return new CommandFailed(
        Status.failed,
        `There is no host ${host}: choose an address of this machine with --host`,
      );
    default:
      return new CommandFailed(Status.failed, `Cannot listen on ${host} port ${port}: ${code}`);
  }
}

function warn(messages: Messages, host: string): void {
  const who = isLoopback(host) ? "every user of this machine" : `everybody who can reach ${host}`;
  messages.warn(
    `WARNING: --insecure: ${who} can read and write what is served, and whoever is on the way can ` +
      "read and change it. Nothing is encrypted and nobody has to log in.",
  );
}

/** @throws {CommandFailed} status 2 */
function proxiesFrom(given: Arguments): Proxies | undefined {
  const set = optionalSetting(given, "proxy-protocol");
  if (set === undefined) return undefined;
  try {
    return new Proxies(set.value.split(",").map((one) => one.trim()));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandFailed(
      Status.usage,
      `${set.from} ${error.message} is no address: give such as 10.0.0.5,192.168.0.0/16`,
    );
  }
}

function readListenAddress(given: Arguments): { host: string; port: number } {
  const set = setting(given, "host");
  const typed = set.value;
  const host = typed === "localhost" ? "127.0.0.1" : typed.replace(/^\[(.*)\]$/, "$1");
  const { value, from } = setting(given, "port");
  try {
    return { host, port: parsePort(value, { zero: true }) };
  } catch (error) {
    if (error instanceof BadAddress) {
      throw new CommandFailed(Status.usage, `${from}: ${error.message}`);
    }
    throw error;
  }
}

function untilStopped(server: Server, grace: number): Promise<Status> {
  return new Promise((resolve) => {
    let stopping = false;
    let status: Status = Status.ok;
    const stop = (signal: NodeJS.Signals): void => {
      // The terminal has just written ^C.
      if (signal === "SIGINT" && standardError.isTerminal) writeMessage("\n");
      if (stopping) {
        status = Status.interrupted;
        server.cut();
        setTimeout(() => resolve(status), LEAVE_MS);
        return;
      }
      stopping = true;
      void server.stop(grace).then(() => resolve(status));
    };
    for (const signal of SYSTEM.stopSignals) process.on(signal, stop);
  });
}
