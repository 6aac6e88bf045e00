import { Lease } from "../memory/lease.ts";
import { ReplyDecoder } from "../protocol/reply-decoder.ts";
import { MECHANISM } from "../security/mechanism.ts";
import { pinOf } from "../security/pin.ts";
import type { Connection } from "../transport/connection.ts";
import { ConnectFailed, HandshakeFailed } from "../transport/connect-failed.ts";
import { connect } from "../transport/tcp-connect.ts";
import { formatAddress, type Target } from "./address.ts";
import { CommandFailed, Interrupted } from "./errors.ts";
import { readGreeting, type Greeting } from "./greeting.ts";
import type { Credentials } from "./login.ts";
import { Status } from "./status.ts";
import type { Trust } from "./trust.ts";
import {
  notConnected,
  otherTls,
  strange,
  unfinished,
  withoutLogin,
  withoutTls,
} from "./unreachable.ts";

export interface ReachOptions {
  /** How long a server may be silent while it is awaited, in milliseconds. */
  readonly timeout: number;
  readonly trust: Trust;
  /** Aborted when nobody waits for it any more: what was connected is closed. */
  readonly signal?: AbortSignal | undefined;
}

/** A server that has greeted. */
export interface Reached {
  /**
   * What was asked for, with all that was found right of it: whoever connects again by this asks no
   * less of who answers, whatever could be kept on the disk.
   */
  readonly target: Target;
  readonly connection: Connection;
  /** Holds what came behind the greeting. */
  readonly decoder: ReplyDecoder;
  readonly greeting: Greeting;
  /** What to log in with, over TLS. */
  readonly login: Credentials | undefined;
  /** The PIN of its key, to be kept when the login has proved it. */
  readonly learnt: string | undefined;
}

/** How long is listened for who it is that speaks no TLS, in milliseconds. */
const IDENTIFY_MS = 5000;

/**
 * Connects to a server and waits for its greeting: over TLS, to a key that is trusted, unless it is
 * on loopback and nothing is known of it.
 * @throws {CommandFailed} saying who did not answer, or what did and why that is not enough
 */
export async function reach(target: Target, options: ReachOptions): Promise<Reached> {
  return (await options.trust.whyTls(target)) !== undefined
    ? reachSecurely(target, options)
    : reachInTheClear(target, options);
}

async function reachInTheClear(target: Target, options: ReachOptions): Promise<Reached> {
  const where = formatAddress(target);
  const connection = await dial(target, options, (host) => connect(host, target.port, options));
  const decoder = new ReplyDecoder(Lease.lend);
  const greeting = await greeted(target, connection, decoder, { ...options, ask: true });
  if (greeting.auth !== "none") {
    connection.destroy("not used");
    throw new CommandFailed(
      Status.trust,
      `${where} wants a login without encryption, and gets none: that is no sftp serve`,
    );
  }
  return { target, connection, decoder, greeting, login: undefined, learnt: undefined };
}

/** Where a person is asked something, that is between two connections: the server does not wait. */
async function reachSecurely(asked: Target, options: ReachOptions): Promise<Reached> {
  const { trust } = options;
  // It takes the runtime's node:net along: 3 ms, which a connection in the clear does not wait for.
  const { connectTls } = await import("../transport/tls-connect.ts");
  const authorities = await trust.needsAuthorities(asked);
  let target = asked;
  for (;;) {
    const { connection, binding, publicKey, vouched } = await dial(target, options, (host) =>
      connectTls(host, target.port, { ...options, name: target.host, authorities }),
    );
    try {
      const pin = pinOf(publicKey);
      const judgement = await trust.judge(target, pin, vouched);
      const decoder = new ReplyDecoder(Lease.lend);
      const greeting = await greeted(target, connection, decoder, { ...options, ask: false });
      if (greeting.auth !== MECHANISM) throw withoutLogin(target);
      const secret = await trust.knownSecret(target);
      if (judgement !== "unknown" && secret !== undefined) {
        const login = { user: trust.userFor(target), secret, binding };
        // Authorities vouch for the next key as well: the secret alone asks for TLS then.
        const found = { ...target, secret, proved: true };
        return judgement === "vouched"
          ? { target: found, connection, decoder, greeting, login, learnt: undefined }
          : { target: withPin(found, pin), connection, decoder, greeting, login, learnt: pin };
      }
      connection.destroy("to ask a person");
      if (options.signal?.aborted === true) throw new Interrupted();
      if (judgement === "unknown") {
        await trust.askAbout(target, pin);
        target = withPin(asked, pin);
      }
      if (secret === undefined) await trust.askSecret(target);
    } catch (error) {
      connection.destroy("not used");
      throw error;
    }
  }
}

function withPin(target: Target, pin: string): Target {
  return { ...target, pin };
}

/**
 * Connects to the first of a host's addresses that answers.
 * @throws {CommandFailed}
 */
async function dial<Connected>(
  target: Target,
  options: ReachOptions,
  connectTo: (host: string) => Promise<Connected>,
): Promise<Connected> {
  try {
    if (target.host.toLowerCase() !== "localhost") return await connectTo(target.host);
    // It is trusted to be this machine, so nobody else is asked where that is.
    return await connectTo("127.0.0.1").catch((error: unknown) => {
      if (!(error instanceof ConnectFailed) || error instanceof HandshakeFailed) throw error;
      return connectTo("::1").catch((second: unknown) => {
        throw second instanceof HandshakeFailed ? second : error;
      });
    });
  } catch (error) {
    if (error instanceof HandshakeFailed) throw await whyNoTls(target, error, options);
    if (error instanceof ConnectFailed) throw notConnected(target, error, options.timeout);
    throw error;
  }
}

/** @throws {CommandFailed} where what answered is no server that can be talked to */
async function greeted(
  target: Target,
  connection: Connection,
  decoder: ReplyDecoder,
  options: ReachOptions & { readonly ask: boolean },
): Promise<Greeting> {
  const answer = await closingAt(options.signal, connection, () =>
    readGreeting(connection, decoder, options),
  );
  if (!("type" in answer)) return answer;
  connection.destroy("not greeted");
  throw strange(target, answer, options.timeout);
}

/** Does something over a connection, which is closed where nobody waits for it any more. */
export async function closingAt<Result>(
  signal: AbortSignal | undefined,
  connection: Connection,
  work: () => Promise<Result>,
): Promise<Result> {
  const close = (): void => connection.destroy("interrupted");
  if (signal?.aborted === true) close();
  signal?.addEventListener("abort", close);
  try {
    return await work();
  } finally {
    signal?.removeEventListener("abort", close);
  }
}

/** Listens once more, without TLS and without saying anything that matters, for who it is. */
async function whyNoTls(
  target: Target,
  failed: HandshakeFailed,
  options: ReachOptions,
): Promise<CommandFailed> {
  switch (failed.problem) {
    case "version":
    case "protocol":
      return otherTls(target, failed.problem);
    case "broken":
    case "plain": {
      const timeout = Math.min(options.timeout, IDENTIFY_MS);
      const connection = await dial(target, options, (host) =>
        connect(host, target.port, { ...options, timeout }),
      );
      const answer = await readGreeting(connection, new ReplyDecoder(Lease.lend), {
        timeout,
        ask: true,
      });
      connection.destroy("only identified");
      if (!("type" in answer)) return withoutTls(target, await options.trust.whyTls(target));
      if (answer.type !== "other" || failed.problem === "plain") {
        return strange(target, answer, timeout);
      }
      return unfinished(target, failed.message);
    }
  }
}
