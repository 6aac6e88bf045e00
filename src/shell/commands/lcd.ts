import { realpath } from "node:fs/promises";
import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import { StorageError } from "../../storage/errors.ts";
import type { Command } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { lookAtLocal } from "../local-look.ts";
import { resolveTyped } from "../local-path.ts";
import type { Word } from "../parse.ts";

export const lcd: Command = {
  name: "LCD",
  synonyms: [],
  usage: "[folder]",
  summary: "go to a folder of this side, alone to your home",
  examples: ["LCD photos", "LCD ..", "LCD ~/Downloads", "LCD -"],
  notes: ["LCD - goes back to the folder before."],
  words: [0, 1],
  async run([word], context) {
    const typed = folderOf(word, context);
    const found = await lookAtLocal(context, typed);
    if (!found.isDirectory()) {
      throw new StorageError("not-a-file", [typed], (name) => `${name} is a file, no folder`);
    }
    const folder = await realpath(resolveTyped(context, typed));
    context.previousLocalFolder = context.localFolder;
    context.localFolder = folder;
    context.output.observe({ event: "folder", side: "local", path: context.localFolder });
  },
};

function folderOf(word: Word | undefined, { previousLocalFolder }: ShellContext): string {
  if (word === undefined) return "~";
  if (word.quoted || word.text !== "-") return word.text;
  if (previousLocalFolder !== undefined) return previousLocalFolder;
  throw new CommandFailed(Status.usage, "There is no folder to go back to: LCD was not used yet");
}
