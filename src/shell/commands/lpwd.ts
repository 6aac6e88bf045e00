import type { Command } from "../command.ts";

export const lpwd: Command = {
  name: "LPWD",
  synonyms: [],
  usage: "",
  summary: "show the folder of this side that you are in",
  examples: ["LPWD"],
  words: [0, 0],
  async run(_, { output, localFolder }) {
    output.data(`${localFolder}\n`);
    output.observe({ event: "folder", side: "local", path: localFolder });
  },
};
