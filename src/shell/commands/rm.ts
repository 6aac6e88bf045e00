import { formatCount } from "../../observe/units.ts";
import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Command } from "../command.ts";
import { checkAllowed } from "../allowed.ts";
import { expandRemote, type Named } from "../expand.ts";
import type { Word } from "../parse.ts";
import { isPattern } from "../pattern.ts";
import { removeFile, removeTree } from "../remove.ts";
import { Several } from "../several.ts";
import { linkOf } from "../transfer.ts";

export const rm: Command = {
  name: "RM",
  synonyms: ["DELETE", "DEL", "MDELETE"],
  usage: "[-rn] remote...",
  summary: "remove files, and with -r folders and all in them",
  examples: ["RM old.txt", "RM *.bak 'my notes.txt'", "RM -r backup/2024", "RM -rn backup"],
  options: {
    recursive: { letter: "r", means: "folders too, with all that they hold; it does not ask" },
    "dry-run": { letter: "n", means: "only say what would be removed" },
  },
  words: [1, Infinity],
  async run(words, context, options) {
    const link = linkOf(context);
    const several = new Several(context, "RM");
    const dryRun = context.dryRun || options.has("dry-run");
    const remover = { context, link, several, dryRun };
    const recursive = options.has("recursive");
    const named = await expandRemote(context, link.session, words, several);
    if (!dryRun && named.length > 1) checkAllowed(link.session, "remove");
    if (!recursive) {
      const { rest, leftOut } = withoutMatchedFolders(named, words);
      for (const { name, path, type } of rest) {
        await several.try(name, () => removeFile(remover, path, type));
      }
      if (leftOut > 0) {
        const folders = leftOut === 1 ? "1 folder" : `${formatCount(leftOut)} folders`;
        context.output.say(`RM: ${folders} left out (-r takes them)`);
      }
      several.end();
      return;
    }
    try {
      for (const { name, path } of outermost(named)) {
        try {
          await removeTree(remover, path);
        } catch (error) {
          several.fail(name, error);
        }
      }
    } finally {
      several.tellRest();
    }
    several.end();
  },
};

/**
 * Without the folders that patterns match.
 * @throws {CommandFailed} status 6, where nothing else is left
 */
function withoutMatchedFolders(
  named: readonly Named[],
  words: readonly Word[],
): { readonly rest: readonly Named[]; readonly leftOut: number } {
  const rest = named.filter(({ type }) => type !== "folder");
  if (rest.length === 0 && named.length > 0 && words.every(isPattern)) {
    const typed = words.map(({ text }) => text).join(" ");
    throw new CommandFailed(Status.refused, `Only folders match ${typed}: -r takes them`);
  }
  return { rest, leftOut: named.length - rest.length };
}

/** Without what lies in another of them, and goes with it. */
function outermost(named: readonly Named[]): readonly Named[] {
  const all = new Set(named.map(({ path }) => path.join("/")));
  return named.filter(
    ({ path }) => !path.some((_, depth) => depth > 0 && all.has(path.slice(0, depth).join("/"))),
  );
}
