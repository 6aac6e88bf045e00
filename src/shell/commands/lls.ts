import { Interrupted } from "../../client/errors.ts";
import { LocalStorage } from "../../storage/local/local.ts";
import type { Command } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { comparePaths, LISTING_OPTIONS } from "../listing.ts";
import { lookAtLocal } from "../local-look.ts";
import { openLocal, resolveTyped } from "../local-path.ts";
import { Several } from "../several.ts";
import { showLists, type List } from "../show-lists.ts";

export const lls: Command = {
  name: "LLS",
  synonyms: ["LDIR"],
  usage: "[-lr] [local...]",
  summary: "list a folder of this side",
  examples: ["LLS", "LLS -l photos", "LLS ~ /tmp"],
  options: LISTING_OPTIONS,
  words: [0, Infinity],
  async run(words, context, options) {
    const several = new Several(context, "LLS");
    const lists: List[] = [];
    const recursive = options.has("recursive");
    for (const typed of words.length === 0 ? ["."] : words.map(({ text }) => text)) {
      await several.try(typed, async () => {
        lists.push(await listLocal(context, typed, { recursive }));
      });
    }
    showLists(context.output, lists, { long: options.has("long"), recursive });
    several.end();
  },
};

async function listLocal(
  context: ShellContext,
  typed: string,
  how: { readonly recursive: boolean },
): Promise<List> {
  const full = resolveTyped(context, typed);
  const alone = !(await lookAtLocal(context, typed)).isDirectory();
  const place = alone ? await openLocal(context, typed, { make: false }) : await openFolder(full);
  const found: List["entries"][number][] = [];
  try {
    for await (const { path, ...item } of place.storage.list(place.path, how)) {
      if (context.signal.aborted) throw new Interrupted();
      found.push({ ...item, name: alone ? typed : path.join("/") });
    }
  } finally {
    await place.close();
  }
  found.sort((a, b) => comparePaths(a.name, b.name));
  const entries = found.map(({ name, ...item }) => ({ path: name, ...item }));
  context.output.observe({ event: "listed", side: "local", path: full, entries });
  return { name: typed === "." ? full : typed, alone, entries: found };
}

async function openFolder(full: string) {
  const storage = await LocalStorage.open(full, { make: false });
  return { storage, path: [], close: () => storage.close() };
}
