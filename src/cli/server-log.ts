import { formatAddress } from "../client/address.ts";
import type { RefusedReason, ServerEvent } from "../observe/events.ts";
import { formatSeconds, formatSize } from "../observe/units.ts";
import { isLoopback } from "../security/ip.ts";
import { reachableAt } from "./announce.ts";
import { CALLED } from "../platform/called.ts";

const WHY_REFUSED: Readonly<Record<RefusedReason, string>> = {
  "max-connections": "there are as many connections as --max-connections allows",
  "max-per-address": "the address has as many connections as --max-per-address allows",
  "max-unauthenticated": "as many wait for their login as --max-unauthenticated allows",
  descriptors: "too many files and connections are open for the limit of the system (ulimit -n)",
};

/** An event of the server as a line for people. */
export function describeEvent(event: ServerEvent): string {
  switch (event.event) {
    case "listening": {
      const { what, commands } = describeListening(event);
      return commands.length === 0 ? what : `${what} Connect with: ${commands.join(", or ")}`;
    }
    case "connected":
      return `${event.client} connected`;
    case "refused": {
      const more = event.count === 1 ? "" : ` and ${event.count - 1} more`;
      return `${event.client}${more} turned away: ${WHY_REFUSED[event.reason]}`;
    }
    case "login":
      return `${event.client} logged in as ${event.user}`;
    case "transferred": {
      const { client, direction, path, bytes, seconds } = event;
      const what = `${path}: ${formatSize(bytes)} in ${formatSeconds(seconds)}`;
      // Whether what was sent arrived, only the client can tell.
      return direction === "sent" ? `${client} GET ${what}` : `${client} PUT ${what}, verified`;
    }
    case "changed": {
      const to = event.to === undefined ? "" : ` to ${event.to}`;
      return `${event.client} ${event.verb} ${event.path}${to}`;
    }
    case "failed":
      if (event.verb === "AUTH") {
        return `${event.client} did not log in: ${event.code} ${event.message}`;
      }
      return `${event.client} ${event.verb} ${event.path}: ${event.code} ${event.message}`;
    case "disconnected":
      return `${event.client} disconnected (${event.reason})`;
    case "lost":
      return event.lines === 1
        ? "1 line of the log was lost"
        : `${event.lines} lines of the log were lost`;
    case "stopping": {
      if (event.transfers === 0) return "shutting down";
      const awaited =
        event.transfers === 1 ? "1 transfer has ended" : `${event.transfers} transfers have ended`;
      return `shutting down when ${awaited}; a second signal leaves at once`;
    }
    case "stopped":
      return "stopped";
  }
}

/** What is served where, and, unless that has to be told with its PIN, what is typed to connect. */
export function describeListening({
  root,
  host,
  port,
  pin,
}: Extract<ServerEvent, { readonly event: "listening" }>): {
  readonly what: string;
  readonly commands: readonly string[];
} {
  const where = formatAddress({ host, port });
  if (pin !== undefined) {
    return { what: `Serving ${root} on ${where}, encrypted, to those who log in.`, commands: [] };
  }
  const commands = reachableAt(host).map((one) => openLine(one, port));
  return { what: `Serving ${root} on ${where}.`, commands };
}

/** What is typed to connect to a server that does not encrypt. */
function openLine(host: string, port: number): string {
  if (host === "127.0.0.1") return `${CALLED} connect ${port}`;
  const flag = isLoopback(host) ? "" : " --insecure";
  return `${CALLED} connect ${formatAddress({ host, port })}${flag}`;
}

/** The local time, as it stands before each line of the log. */
export function timestamp(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
}
