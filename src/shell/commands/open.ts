import { BadAddress, formatAddress, parseAddress, type Target } from "../../client/address.ts";
import { CommandFailed } from "../../client/errors.ts";
import { openSession } from "../../client/opening.ts";
import type { Session } from "../../client/session.ts";
import { Status } from "../../client/status.ts";
import type { Command } from "../command.ts";
import type { ShellContext } from "../context.ts";

export const open: Command = {
  name: "OPEN",
  synonyms: [],
  usage: "[host] port | name",
  summary: "connect to a server",
  examples: ["OPEN 12000", "OPEN 127.0.0.1 12000", "OPEN [::1]:12000", "OPEN lab"],
  notes: [
    "A port alone is one of this machine. Addresses as sftp serve tells them do as",
    "well: 192.0.2.7:12000#PIN, also with USER@ before them. A name is that of a",
    "server in the configuration.",
  ],
  words: [1, 2],
  async run(words, context) {
    if (context.session !== undefined) {
      const where = formatAddress(context.session.address);
      throw new CommandFailed(Status.usage, `Already connected to ${where}: use CLOSE first`);
    }
    const target = readTarget(
      words.map(({ text }) => text),
      context.findServer,
    );
    context.lost = undefined;
    context.remoteFolder = [];
    context.previousFolder = undefined;
    context.session = await opened(target, context);
    const { address } = context.session;
    context.output.say(`Connected to ${formatAddress(address)}.`);
    context.output.observe({ event: "opened", host: address.host, port: address.port });
  },
};

async function opened(target: Target, context: ShellContext): Promise<Session> {
  try {
    return await openSession(target, context.connecting, context.signal);
  } catch (error) {
    // It may be a secret that nobody asks for any more, and would be shown as a command.
    context.dropTypedAhead();
    throw error;
  }
}

function readTarget(
  [first = "", port]: readonly string[],
  findServer: ShellContext["findServer"],
): Target {
  if (first === "" || port === "") {
    throw new CommandFailed(Status.usage, `OPEN got an empty word: type OPEN ${open.usage}`);
  }
  try {
    if (port === undefined) {
      const named = findServer(first);
      if (named === undefined) return parseAddress(first);
      return { ...parseAddress(named.address), secret: named.token };
    }
    // Digits alone are a port: two of them, or a word too many.
    if (/^[0-9]+$/.test(first))
      throw new BadAddress(`${first} is no host: type OPEN ${open.usage}`);
    const isBareIpv6 = first.includes(":") && !first.includes("[");
    return parseAddress(`${isBareIpv6 ? `[${first}]` : first}:${port}`);
  } catch (error) {
    if (error instanceof BadAddress) throw new CommandFailed(Status.usage, error.message);
    throw error;
  }
}
