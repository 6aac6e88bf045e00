import { defineCommand } from "citty";
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
import type { Storage } from "../storage/storage.ts";
import { announce, connectLines, tellCommands } from "./announce.ts";
import type { Arguments, Flags, Setting } from "./args.ts";
import { CONFIG_FLAG } from "./config.ts";
import { checkEnoughFiles } from "./enough-files.ts";
import { provideFileThreads } from "./file-threads.ts";
import { limitFlags, readLimits } from "./limits.ts";
import { Proxies } from "../transport/proxies.ts";
import { createMessages, logTo, type Messages } from "./output.ts";
import { protectionFor } from "./protection.ts";
import { isS3 } from "../storage/s3/location.ts";
import { rootFrom, s3Flags, type Root } from "./roots.ts";
import { describeEvent, describeListening, timestamp } from "./server-log.ts";
import {
  isOn,
  optionalSetting,
  readSeconds,
  readSize,
  readWait,
  saidBy,
  setting,
  WEEK,
} from "./settings.ts";
import { PROGRAM } from "./version.ts";
import { CALLED } from "../platform/called.ts";

/** After a second signal, how long what was being stored may take to be forgotten, in ms. */
const LEAVE_MS = 300;

export const serve = defineCommand<Flags>({
  meta: { name: "serve", description: "Share a folder over TCP" },
  args: {
    port: {
      type: "string",
      valueHint: "N",
      default: "12000",
      description: "port to listen on; 0 takes a free one",
    },
    host: {
      type: "string",
      valueHint: "ADDRESS",
      default: "127.0.0.1",
      description: "address to listen on; 0.0.0.0 or :: for every one that there is",
    },
    root: {
      type: "string",
      valueHint: "DIR",
      default: "./server",
      variable: "SFTP_SERVE_ROOT",
      description: "folder to share; made if absent. Or s3://BUCKET/FOLDER in an object store",
    },
    ...s3Flags,
    "proxy-protocol": {
      type: "string",
      valueHint: "FROM",
      description:
        "addresses or networks, joined by commas, of balancers that say who has come (PROXY protocol)",
    },
    ...limitFlags,
    tls: {
      type: "boolean",
      description: "encrypt and ask for a login on loopback, too; elsewhere both are always on",
    },
    users: {
      type: "string",
      valueHint: "FILE",
      description: `who may log in, in place of the token; ${CALLED} user makes the file`,
    },
    "new-token": {
      type: "boolean",
      flagOnly: true,
      description: "make another token: the former one is worth nothing from then on",
    },
    "tls-cert": {
      type: "string",
      valueHint: "FILE",
      description: "use this certificate, in PEM, rather than one that is made at the first start",
    },
    "tls-key": {
      type: "string",
      valueHint: "FILE",
      description: "the private key of --tls-cert, in PEM",
    },
    "login-timeout": {
      type: "string",
      valueHint: "SECONDS",
      default: "15",
      description: "how long encryption and login may take together",
    },
    insecure: {
      type: "boolean",
      flagOnly: true,
      description: "DANGEROUS: neither encrypt nor ask for a login, whoever can reach the address",
    },
    grace: {
      type: "string",
      valueHint: "SECONDS",
      default: "10",
      description: "how long transfers may take to end after SIGTERM or Ctrl-C",
    },
    "idle-timeout": {
      type: "string",
      valueHint: "SECONDS",
      default: "300",
      description: "how long a client may wait between two requests",
    },
    "line-timeout": {
      type: "string",
      valueHint: "SECONDS",
      default: "30",
      description: "how long a request, once begun, may take to arrive, and silence in an upload",
    },
    "min-rate": {
      type: "string",
      valueHint: "SIZE",
      default: "1K",
      description:
        "bytes a second that a client must send of a block, or read of what it asked for",
    },
    "keep-partial": {
      type: "string",
      valueHint: "SECONDS",
      default: WEEK,
      description: "how long what interrupted uploads have left is kept",
    },
    durable: {
      type: "boolean",
      description: "sync each file to the disk before saying that it is stored",
    },
    json: { type: "boolean", description: "write each event as a line of JSON to standard output" },
    config: CONFIG_FLAG,
  },
});

/** Runs `sftp serve` until it is told to stop. */
export async function runServe(given: Arguments): Promise<Status> {
  const atTerminal = process.stderr.isTTY;
  const line = logTo(process.stderr, describeLost);
  const messages = createMessages({ folded: true, line });
  // What is to be copied is left to the terminal to break.
  const exact = createMessages({ line });
  const { host, port } = readListenAddress(given);
  const grace = readSeconds(setting(given, "grace"));
  const root = setting(given, "root");
  const data = logTo(process.stdout, (lines) => formatEvent({ event: "lost", lines }));
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
      if (signal === "SIGINT" && process.stderr.isTTY) process.stderr.write("\n");
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
