import { formatAddress } from "../../client/address.ts";
import type { Command } from "../command.ts";
import { requireSession, type ShellContext } from "../context.ts";

export const close: Command = {
  name: "CLOSE",
  synonyms: ["DISCONNECT"],
  usage: "",
  summary: "close the connection and keep the shell",
  examples: ["CLOSE"],
  words: [0, 0],
  async run(_, context) {
    requireSession(context);
    await closeSession(context);
  },
};

/** Closes the connection, if there is one, and says so. */
export async function closeSession(context: ShellContext): Promise<void> {
  const { session, output } = context;
  if (session === undefined) return;
  context.session = undefined;
  await session.close();
  const { host, port } = session.address;
  output.say(`Closed the connection to ${formatAddress(session.address)}.`);
  output.observe({ event: "closed", host, port });
}
