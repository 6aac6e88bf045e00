import type { ConnectFailed } from "../transport/connect-failed.ts";
import { formatAddress, type Target } from "./address.ts";
import { brokenProtocol, CommandFailed, Refused, SessionLost } from "./errors.ts";
import type { Stranger } from "./greeting.ts";
import { Status } from "./status.ts";
import type { TlsReason } from "./trust.ts";
import { CALLED } from "../platform/called.ts";

/** What answered in place of a server, and what to do. */
export function strange(target: Target, stranger: Stranger, timeout: number): CommandFailed {
  const where = formatAddress(target);
  switch (stranger.type) {
    case "other":
      if (stranger.perhapsOurs) {
        return brokenProtocol(`At ${where} ${stranger.name} answered: ${stranger.advice}`);
      }
      return brokenProtocol(
        `${where} does not speak Simple FTP: ${stranger.name} answered: ${stranger.advice}`,
      );
    case "version":
      return brokenProtocol(
        `${where} speaks version ${stranger.version} of the protocol, and this program version 1: ` +
          "use the same release on both sides",
      );
    case "refused":
      return new Refused(stranger.code, stranger.word, stranger.message);
    case "unknown":
      return brokenProtocol(
        `${where} answered something else than Simple FTP: check host and port`,
      );
    // What only hung up may stand in front of a server that is about to come back.
    case "closed":
      return tryAgain(`${where} closed the connection without a word: check host and port`);
    case "lost":
      return tryAgain(`The connection to ${where} is lost: ${stranger.message}`);
    case "silent":
      return tryAgain(
        `${where} took the connection and says nothing (waited ${timeout / 1000} s): check host ` +
          "and port",
      );
  }
}

/** It speaks TLS, and an older one alone, or another protocol in it. */
export function otherTls(target: Target, problem: "version" | "protocol"): CommandFailed {
  const where = formatAddress(target);
  if (problem === "version") {
    return brokenProtocol(`${where} speaks an older TLS than 1.3: it is no sftp serve`);
  }
  return brokenProtocol(
    `${where} does not speak Simple FTP: another TLS server answered, such as a web server: ` +
      "check host and port",
  );
}

/** The handshake came to no end. */
export function unfinished(target: Target, why: string): CommandFailed {
  return tryAgain(`The handshake with ${formatAddress(target)} came to no end: ${why}`);
}

/** A server answered in the clear where TLS is expected. */
export function withoutTls(target: Target, reason: TlsReason | undefined): CommandFailed {
  const why =
    reason === undefined || reason.type === "elsewhere"
      ? "which other machines are spoken to with: start sftp serve there without --insecure"
      : `and ${reason.because}: ${reason.otherwise} if it is not to be encrypted`;
  return new CommandFailed(
    Status.trust,
    `${formatAddress(target)} answered without encryption, ${why}. Nothing was sent to it`,
  );
}

/** A server over TLS that asks for no login that proves it. */
export function withoutLogin(target: Target): CommandFailed {
  return new CommandFailed(
    Status.trust,
    `${formatAddress(target)} asks for no login, so nothing would prove that it is the right ` +
      "server: nothing was sent to it",
  );
}

function tryAgain(message: string): SessionLost {
  return new SessionLost(message, { worthRetrying: true });
}

/** Nothing answered. */
export function notConnected(target: Target, error: ConnectFailed, timeout: number): CommandFailed {
  const where = formatAddress(target);
  switch (error.code) {
    case "ECONNREFUSED":
      return tryAgain(`Nobody listens at ${where}: check the port, or start ${CALLED} serve`);
    case "ETIMEDOUT":
      return tryAgain(`${where} does not answer (waited ${timeout / 1000} s)`);
    case "ENOTFOUND":
      return tryAgain(`There is no host ${target.host}: check its name`);
    case "ECONNRESET":
      return tryAgain(`${where} cut the connection: check the port, or try again`);
    case "EADDRNOTAVAIL":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return tryAgain(`There is no way from here to ${where}: check the address and the network`);
    default:
      return tryAgain(`Cannot connect to ${where}: ${error.code}`);
  }
}
