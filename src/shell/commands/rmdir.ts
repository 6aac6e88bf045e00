import type { Path } from "../../protocol/path.ts";
import type { Command } from "../command.ts";
import { expandRemote } from "../expand.ts";
import { lookAt, notAFolder } from "../remote-look.ts";
import { removeOne } from "../remove.ts";
import { Several } from "../several.ts";
import { linkOf } from "../transfer.ts";

export const rmdir: Command = {
  name: "RMDIR",
  synonyms: ["RD"],
  usage: "folder...",
  summary: "remove empty folders of the server",
  examples: ["RMDIR notes", "RMDIR 'my notes' drafts"],
  words: [1, Infinity],
  async run(words, context) {
    const link = linkOf(context);
    const { session } = link;
    const several = new Several(context, "RMDIR");
    const remover = { context, link, several, dryRun: context.dryRun };
    const removeFolder = async (path: Path): Promise<void> => {
      if (path.length > 0 && (await lookAt(context, session, path)).type === "file") {
        throw notAFolder(path, ": use RM");
      }
      await removeOne(remover, path);
    };
    for (const { name, path } of await expandRemote(context, session, words, several)) {
      await several.try(name, () => removeFolder(path));
    }
    several.end();
  },
};
