import { listAll } from "../remote-look.ts";
import type { RemoteEntry } from "../../client/listing.ts";
import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { comparePaths, LISTING_OPTIONS } from "../listing.ts";
import { parseRemotePath } from "../remote-path.ts";
import { Several } from "../several.ts";
import { showLists, type List } from "../show-lists.ts";

export const ls: Command = {
  name: "LS",
  synonyms: ["DIR"],
  usage: "[-lr] [remote...]",
  summary: "list a folder of the server",
  examples: ["LS", "LS -l notes", "LS -r /", "LS 'my notes'"],
  options: LISTING_OPTIONS,
  words: [0, Infinity],
  async run(words, context, options) {
    const session = requireSession(context);
    const { output, remoteFolder } = context;
    const several = new Several(context, "LS");
    const lists: List[] = [];
    const recursive = options.has("recursive");
    for (const typed of words.length === 0 ? [""] : words.map(({ text }) => text)) {
      await several.try(typed, async () => {
        const path = parseRemotePath(typed, remoteFolder);
        const entries = await listAll(context, session, path, { recursive });
        entries.sort((a, b) => comparePaths(a.path, b.path));
        const [first] = entries;
        const own = path.join("/");
        const alone = entries.length === 1 && first?.path === own;
        const prefix = own === "" ? "" : `${own}/`;
        const name = typed === "" ? `/${own}` : typed;
        lists.push({
          name,
          alone,
          entries: entries.map((entry) => ({
            ...entry,
            name: alone ? typed : within(entry, prefix),
          })),
        });
        output.observe({ event: "listed", path: own, entries });
      });
    }
    showLists(output, lists, { long: options.has("long"), recursive });
    several.end();
  },
};

function within({ path }: RemoteEntry, prefix: string): string {
  return path.startsWith(prefix) ? path.slice(prefix.length) : path;
}
