import { collectListing } from "../remote-look.ts";
import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { comparePaths, LISTING_IDLE_LETTERS, LISTING_OPTIONS } from "../listing.ts";
import { parseRemotePath } from "../remote-path.ts";
import { isPattern } from "../pattern.ts";
import type { Word } from "../parse.ts";
import { matchRemote } from "../expand.ts";
import { Several } from "../several.ts";
import { showLists, type List } from "../show-lists.ts";

export const ls: Command = {
  name: "LS",
  synonyms: ["DIR"],
  usage: "[-lr] [remote...]",
  summary: "list a folder of the server",
  examples: ["LS", "LS -l notes", "LS logs/*.gz", "LS -r /", "LS 'my notes'"],
  options: LISTING_OPTIONS,
  idleLetters: LISTING_IDLE_LETTERS,
  words: [0, Infinity],
  async run(words, context, options) {
    const session = requireSession(context);
    const { output, remoteFolder } = context;
    const several = new Several(context, "LS");
    const lists: List[] = [];
    const recursive = options.has("recursive");
    const matched = async (word: Word): Promise<void> => {
      const { base, matches } = await matchRemote(context, session, word);
      const entries = matches.map(({ name, entry }) => ({ ...entry, name }));
      lists.push({ name: word.text, alone: true, entries });
      output.observe({
        event: "listed",
        path: base.join("/"),
        entries: matches.map(({ entry }) => entry),
      });
    };
    const listed = async (typed: string): Promise<void> => {
      const path = parseRemotePath(typed, remoteFolder);
      const entries = await collectListing(context, session, path, { recursive });
      entries.sort((a, b) => comparePaths(a.path, b.path));
      const own = path.join("/");
      const alone = entries.length === 1 && entries[0]?.path === own;
      const prefix = own === "" ? "" : `${own}/`;
      lists.push({
        name: typed === "" ? `/${own}` : typed,
        alone,
        entries: entries.map((entry) => ({
          ...entry,
          name: alone ? typed : entry.path.slice(prefix.length),
        })),
      });
      output.observe({ event: "listed", path: own, entries });
    };
    if (words.length === 0) await several.try("", () => listed(""));
    for (const word of words) {
      await several.try(word.text, () => (isPattern(word) ? matched(word) : listed(word.text)));
    }
    showLists(output, lists, { long: options.has("long"), recursive });
    several.end();
  },
};
