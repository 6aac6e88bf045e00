import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { expandRemote, type Named } from "../expand.ts";
import { removeOne, removeTree } from "../remove.ts";
import { Several } from "../several.ts";

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
    const session = requireSession(context);
    const several = new Several(context, "RM");
    const dryRun = context.dryRun || options.has("dry-run");
    const remover = { context, session, several, dryRun };
    const recursive = options.has("recursive");
    const named = await expandRemote(context, session, words, several);
    for (const { name, path } of recursive ? outermost(named) : named) {
      if (!recursive) {
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

/** Without what lies in another of them, and goes with it. */
function outermost(named: readonly Named[]): readonly Named[] {
  const all = new Set(named.map(({ path }) => path.join("/")));
  return named.filter(
    ({ path }) => !path.some((_, depth) => depth > 0 && all.has(path.slice(0, depth).join("/"))),
  );
}
