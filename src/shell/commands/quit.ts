import type { Command } from "../command.ts";
import { closeSession } from "./close.ts";

export const quit: Command = {
  name: "QUIT",
  synonyms: ["BYE", "EXIT"],
  usage: "",
  summary: "close the connection and leave",
  examples: ["QUIT"],
  words: [0, 0],
  async run(_, context) {
    await closeSession(context);
    context.quit = true;
  },
};
