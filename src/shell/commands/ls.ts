import { listRemote, type RemoteEntry } from "../../client/listing.ts";
import { visible } from "../../observe/visible.ts";
import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { parseRemotePath } from "../remote-path.ts";

export const ls: Command = {
  name: "LS",
  synonyms: ["DIR"],
  usage: "[remote]",
  summary: "list a folder of the server",
  examples: ["LS", "LS notes"],
  words: [0, 1],
  async run([word], context) {
    const session = requireSession(context);
    const path = parseRemotePath(word?.text ?? "", context.remoteFolder);
    const entries: RemoteEntry[] = [];
    const how = { recursive: false, signal: context.signal };
    for await (const entry of listRemote(session, path, how)) entries.push(entry);
    entries.sort((a, b) => (a.path < b.path ? -1 : 1));
    for (const entry of entries) context.output.data(`${visible(shown(entry, path))}\n`);
    context.output.observe({ event: "listed", path: path.join("/"), entries });
  },
};

function shown(entry: RemoteEntry, folder: readonly string[]): string {
  const prefix = folder.length === 0 ? "" : `${folder.join("/")}/`;
  const name = entry.path.startsWith(prefix) ? entry.path.slice(prefix.length) : entry.path;
  if (entry.type === "folder") return `${name}/`;
  return entry.type === "refused" ? `${name} (${entry.reason})` : name;
}
