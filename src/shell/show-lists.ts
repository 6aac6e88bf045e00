import { columnsOf, STDOUT } from "../platform/terminal.ts";
import { visible } from "../observe/visible.ts";
import type { Output } from "./context.ts";
import { joined } from "./text.ts";
import { formatListing, type Listed } from "./listing.ts";

/** What is to be shown of a word that was to be listed. */
export interface List {
  /** As it was typed. */
  readonly name: string;
  /** Whether the entries are what was named, and not what lies in it. */
  readonly alone: boolean;
  readonly entries: readonly Listed[];
  /** Whether it goes on with what was shown before. */
  readonly isPart?: boolean;
}

/** Shows lists as ls does: files that were named first, then each folder below its name. */
export function showLists(
  output: Output,
  lists: readonly List[],
  {
    long,
    recursive,
    titled,
  }: { readonly long: boolean; readonly recursive: boolean; readonly titled: boolean },
): void {
  // What goes on to another program, and a tree, has a line for each.
  const width = recursive ? undefined : columnsOf(STDOUT);
  const how = { long, width };
  const named = lists.filter(({ alone }) => alone).flatMap(({ entries }) => entries);
  if (named.length > 0) output.data(formatListing(named, how));
  const folders = lists.filter(({ alone }) => !alone);
  let first = named.length === 0;
  for (const { name, entries, isPart = false } of folders) {
    if (entries.length === 0) {
      output.say(`${name} is empty.`);
      continue;
    }
    const title = titled && !isPart ? `${first ? "" : "\n"}${visible(name)}:\n` : "";
    output.data(joined([title, formatListing(entries, how)]));
    first = false;
  }
}
