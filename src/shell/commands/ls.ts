import { listRemote, type RemoteEntry } from "../../client/listing.ts";
import { neutrally } from "../remote-look.ts";
import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { comparePaths, LISTING_IDLE_LETTERS, LISTING_OPTIONS } from "../listing.ts";
import { parseRemotePath } from "../remote-path.ts";
import { isPattern } from "../pattern.ts";
import type { Word } from "../parse.ts";
import { matchRemote } from "../expand.ts";
import { Several } from "../several.ts";
import { showLists, type List } from "../show-lists.ts";

/** So many entries are sorted together, and no more are held: a folder may have a million. */
const TOGETHER = 100_000;

export const ls: Command = {
  name: "LS",
  synonyms: ["DIR"],
  usage: "[-lr] [remote...]",
  summary: "list a folder of the server",
  examples: ["LS", "LS -l notes", "LS logs/*.gz", "LS -r /", "LS 'my notes'"],
  notes: ["Of more than 100,000 entries each 100,000 are sorted and shown by themselves."],
  options: LISTING_OPTIONS,
  idleLetters: LISTING_IDLE_LETTERS,
  words: [0, Infinity],
  async run(words, context, options) {
    const session = requireSession(context);
    const { output, remoteFolder, signal } = context;
    const several = new Several(context, "LS");
    const lists: List[] = [];
    /** Whether some of what is listed was shown already. */
    let begun = false;
    const show = (): void => {
      const titled = lists.length > 1 || (begun && words.length > 1);
      showLists(output, lists.splice(0), { long: options.has("long"), recursive, titled });
    };
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
      const own = path.join("/");
      const prefix = own === "" ? "" : `${own}/`;
      let entries: RemoteEntry[] = [];
      let isPart = false;
      const take = (): void => {
        entries.sort((a, b) => comparePaths(a.path, b.path));
        const alone = !isPart && entries.length === 1 && entries[0]?.path === own;
        lists.push({
          name: typed === "" ? `/${own}` : typed,
          alone,
          isPart,
          entries: entries.map((entry) => ({
            ...entry,
            name: alone ? typed : entry.path.slice(prefix.length),
          })),
        });
        output.observe({ event: "listed", path: own, entries });
        entries = [];
      };
      const takeAll = async (): Promise<void> => {
        for await (const some of listRemote(session, path, { recursive, signal })) {
          for (const entry of some) {
            if (entries.length === TOGETHER) {
              take();
              begun = true;
              isPart = true;
              show();
            }
            entries.push(entry);
          }
        }
      };
      await neutrally(path, takeAll());
      take();
    };
    if (words.length === 0) await several.try("", () => listed(""));
    for (const word of words) {
      await several.try(word.text, () => (isPattern(word) ? matched(word) : listed(word.text)));
    }
    show();
    several.end();
  },
};
