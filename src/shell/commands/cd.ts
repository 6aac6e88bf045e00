import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Path } from "../../protocol/path.ts";
import type { Command } from "../command.ts";
import { requireSession, type ShellContext } from "../context.ts";
import type { Word } from "../parse.ts";
import { lookAt, notAFolder } from "../remote-look.ts";
import { parseRemotePath } from "../remote-path.ts";

export const cd: Command = {
  name: "CD",
  synonyms: ["CWD", "CHDIR"],
  usage: "[folder]",
  summary: "go to a folder of the server, alone to its root",
  examples: ["CD logs", "CD ..", "CD /", "CD -"],
  notes: ["CD - goes back to the folder before."],
  words: [0, 1],
  async run([word], context) {
    const session = requireSession(context);
    const path = target(word, context);
    if (path.length > 0 && (await lookAt(context, session, path)).type !== "folder") {
      throw notAFolder(path);
    }
    context.previousFolder = context.remoteFolder;
    context.remoteFolder = path;
    context.output.observe({ event: "folder", side: "remote", path: path.join("/") });
  },
};

/** Not among those that HELP lists. */
export const cdup: Command = {
  name: "CDUP",
  synonyms: [],
  usage: "",
  summary: "go to the folder above, as CD .. does",
  examples: ["CDUP"],
  words: [0, 0],
  run: (_, context, options) => cd.run([{ text: "..", quoted: false }], context, options),
};

function target(word: Word | undefined, { remoteFolder, previousFolder }: ShellContext): Path {
  if (word === undefined) return [];
  if (word.quoted || word.text !== "-") return parseRemotePath(word.text, remoteFolder);
  if (previousFolder !== undefined) return previousFolder;
  throw new CommandFailed(Status.usage, "There is no folder to go back to: CD was not used yet");
}
