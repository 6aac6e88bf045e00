import { realpath } from "node:fs/promises";
import { StorageError } from "../../storage/errors.ts";
import type { Command } from "../command.ts";
import { lookAtLocal } from "../local-look.ts";
import { resolveTyped } from "../local-path.ts";

export const lcd: Command = {
  name: "LCD",
  synonyms: [],
  usage: "[folder]",
  summary: "go to a folder of this side, alone to your home",
  examples: ["LCD photos", "LCD ..", "LCD ~/Downloads", "LCD"],
  words: [0, 1],
  async run([word], context) {
    const typed = word?.text ?? "~";
    const found = await lookAtLocal(context, typed);
    if (!found.isDirectory()) {
      throw new StorageError("not-a-file", [typed], (name) => `${name} is a file, no folder`);
    }
    context.localFolder = await realpath(resolveTyped(context, typed));
    context.output.observe({ event: "folder", side: "local", path: context.localFolder });
  },
};
