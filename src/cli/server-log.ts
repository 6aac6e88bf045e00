import { formatAddress } from "../client/address.ts";
import type { ServerEvent } from "../observe/events.ts";
import { formatSeconds, formatSize } from "../observe/units.ts";

/** An event of the server as a line for people. */
export function describeEvent(event: ServerEvent): string {
  switch (event.event) {
    case "listening": {
      const where = formatAddress(event);
      if (event.pin !== undefined) {
        return `Serving ${event.root} on ${where}, encrypted, to those who log in.`;
      }
      const address = event.host === "127.0.0.1" ? String(event.port) : where;
      return `Serving ${event.root} on ${where}. Connect with: sftp connect ${address}`;
    }
    case "connected":
      return `${event.client} connected`;
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

/** The local time, as it stands before each line of the log. */
export function timestamp(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `${day} ${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
}
