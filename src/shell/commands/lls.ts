import { CommandFailed, Interrupted } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Path } from "../../storage/errors.ts";
import { LocalStorage } from "../../storage/local/local.ts";
import type { Entry } from "../../storage/storage.ts";
import type { Command } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { comparePaths, LISTING_IDLE_LETTERS, LISTING_OPTIONS, type Listed } from "../listing.ts";
import { lookAtLocal } from "../local-look.ts";
import { openLocal, resolveTyped } from "../local-path.ts";
import { compilePattern, isPattern } from "../pattern.ts";
import { Several } from "../several.ts";
import { showLists, type List } from "../show-lists.ts";

export const lls: Command = {
  name: "LLS",
  synonyms: ["LDIR"],
  usage: "[-lr] [local...]",
  summary: "list a folder of this side",
  examples: ["LLS", "LLS -l photos", "LLS *.csv", "LLS ~ /tmp"],
  options: LISTING_OPTIONS,
  idleLetters: LISTING_IDLE_LETTERS,
  words: [0, Infinity],
  async run(words, context, options) {
    const several = new Several(context, "LLS");
    const lists: List[] = [];
    const recursive = options.has("recursive");
    const how = { recursive };
    if (words.length === 0) lists.push(await listLocal(context, ".", how));
    for (const word of words) {
      await several.try(word.text, async () => {
        const find = isPattern(word)
          ? matchLocal(context, word.text)
          : listLocal(context, word.text, how);
        lists.push(await find);
      });
    }
    showLists(context.output, lists, {
      long: options.has("long"),
      recursive,
      titled: lists.length > 1,
    });
    several.end();
  },
};

async function listLocal(
  context: ShellContext,
  typed: string,
  how: { readonly recursive: boolean },
): Promise<List> {
  const full = resolveTyped(context, typed);
  if ((await lookAtLocal(context, typed)).isDirectory()) {
    const entries = await entriesOf(context, full, how);
    tell(context, full, entries);
    return { name: typed === "." ? full : typed, alone: false, entries };
  }
  const place = await openLocal(context, typed, { make: false });
  try {
    const entries = await collect(context, place.storage.list(place.path, how), () => typed);
    tell(context, full, entries);
    return { name: typed, alone: true, entries };
  } finally {
    await place.close();
  }
}

/** @throws {CommandFailed} status 5, where nothing matches */
async function matchLocal(context: ShellContext, typed: string): Promise<List> {
  const { base, deep, matches } = compilePattern(typed);
  const full = resolveTyped(context, base);
  const found = await entriesOf(context, full, { recursive: deep });
  const entries = found.filter(({ name }) => matches(name.split("/")));
  if (entries.length === 0) {
    throw new CommandFailed(Status.notFound, `Nothing matches ${typed}: quotes make a name of it`);
  }
  tell(context, full, entries);
  const before = base === "" || base.endsWith("/") ? base : `${base}/`;
  const named = entries.map((entry) => Object.assign(entry, { name: before + entry.name }));
  return { name: typed, alone: true, entries: named };
}

async function entriesOf(
  context: ShellContext,
  folder: string,
  how: { readonly recursive: boolean },
): Promise<Listed[]> {
  const storage = await LocalStorage.open(folder, { make: false });
  try {
    return await collect(context, storage.list([], how), (path) => path.join("/"));
  } finally {
    await storage.close();
  }
}

/** Sorted by name. */
async function collect(
  { signal }: ShellContext,
  entries: AsyncIterable<readonly Entry[]>,
  nameOf: (path: Path) => string,
): Promise<Listed[]> {
  const found: Listed[] = [];
  for await (const some of entries) {
    if (signal.aborted) throw new Interrupted();
    for (const { path, ...item } of some) found.push({ ...item, name: nameOf(path) });
  }
  return found.toSorted((a, b) => comparePaths(a.name, b.name));
}

function tell({ output }: ShellContext, path: string, found: readonly Listed[]): void {
  const entries = found.map(({ name, ...item }) => ({ path: name, ...item }));
  output.observe({ event: "listed", side: "local", path, entries });
}
