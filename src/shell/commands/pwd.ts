import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { shownPath } from "../remote-look.ts";

export const pwd: Command = {
  name: "PWD",
  synonyms: [],
  usage: "",
  summary: "show the folder of the server that you are in",
  examples: ["PWD"],
  words: [0, 0],
  async run(_, context) {
    requireSession(context);
    const { output, remoteFolder } = context;
    output.data(`${shownPath(remoteFolder)}\n`);
    output.observe({ event: "folder", side: "remote", path: remoteFolder.join("/") });
  },
};
