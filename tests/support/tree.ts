import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Everything that can be told of a folder and what is in it: each entry's kind, inode, size, time of
 * content and time of change in nanoseconds, and content. Whatever writes there changes it.
 */
export function snapshot(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Object.fromEntries(
    ["", ...names.toSorted()].map((name) => {
      const path = join(folder, name);
      const stat = lstatSync(path, { bigint: true });
      const content = stat.isFile() ? Bun.hash(readFileSync(path)).toString(16) : "";
      return [
        name,
        `${stat.mode} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs} ${content}`,
      ];
    }),
  );
}
