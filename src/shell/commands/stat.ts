import { formatLocalIso } from "../../observe/times.ts";
import { formatSize } from "../../observe/units.ts";
import { visible } from "../../observe/visible.ts";
import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { expandRemote } from "../expand.ts";
import { lookAt, shownPath, type RemoteItem } from "../remote-look.ts";
import { Several } from "../several.ts";
import { alignRows } from "../table.ts";

export const stat: Command = {
  name: "STAT",
  synonyms: [],
  usage: "[-d] remote...",
  summary: "tell the size of files, their time and more",
  examples: ["STAT report.pdf", "STAT --digest report.pdf", "STAT 'my notes'"],
  options: { digest: { letter: "d", means: "tell the digest as well, which the server computes" } },
  words: [1, Infinity],
  async run(words, context, options) {
    const session = requireSession(context);
    const { output } = context;
    const several = new Several(context, "STAT");
    const digest = options.has("digest");
    for (const { name, path } of await expandRemote(context, session, words, several)) {
      await several.try(name, async () => {
        const item = await lookAt(context, session, path, { digest });
        output.data(describe(path.length === 0 ? shownPath(path) : item.path, item));
        output.observe({ event: "listed", path: path.join("/"), entries: [item] });
      });
    }
    several.end();
  },
};

function describe(name: string, { type, size, mtime, exec, digest }: RemoteItem): string {
  const bytes = `${size} ${size === 1 ? "byte" : "bytes"}`;
  const rows = [
    ["type", exec ? "file, executable" : type],
    ...(type === "file" ? [["size", size < 1024 ? bytes : `${formatSize(size)} (${bytes})`]] : []),
    ["modified", formatLocalIso(mtime)],
    ...(digest === undefined ? [] : [["digest", visible(digest)]]),
  ];
  const lines = alignRows(rows, ["left", "left"]).map((line) => `  ${line}\n`);
  return `${visible(name)}\n${lines.join("")}`;
}
