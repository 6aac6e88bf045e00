import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { expandRemote } from "../expand.ts";
import { removeOne, removeTree } from "../remove.ts";
import { Several } from "../several.ts";

export const rm: Command = {
  name: "RM",
  synonyms: ["DELETE", "DEL", "MDELETE"],
  usage: "[-rn] remote...",
  summary: "remove files; -r: folders as well",
  examples: ["RM old.txt", "RM a.txt 'my notes.txt'", "RM -r backup/2024", "RM -rn backup"],
  options: {
    recursive: { letter: "r", means: "folders too, with all that they hold; it does not ask" },
    "dry-run": { letter: "n", means: "only say what would be removed" },
  },
  words: [1, Infinity],
  async run(words, context, options) {
    const session = requireSession(context);
    const several = new Several(context, "RM");
    const dryRun = context.dryRun || options.has("dry-run");
    const remover = { context, session, several, dryRun };
    for (const { name, path } of await expandRemote(context, session, words, several)) {
      if (!options.has("recursive")) {
        await several.try(name, () => removeOne(remover, path));
        continue;
      }
      try {
        await removeTree(remover, path);
      } catch (error) {
        several.fail(name, error);
      }
    }
    several.end();
  },
};
