import { lstat, readdir } from "node:fs/promises";
import { StorageError, type Path } from "../errors.ts";
import { isStaging, MAX_LISTED_DEPTH, STAGING } from "../names.ts";
import type { Entry } from "../storage.ts";
import { errnoOf, fromSystem } from "./errno.ts";
import { withFolder, type Folder } from "./folder.ts";
import { itemOf, whyRefused } from "./item.ts";

/** Entries that are looked at together. */
const BATCH = 64;
/** A character a byte: exact like a buffer, at a third of its memory. */
const BYTES = "latin1";
/** The longest path in bytes that can be asked for. */
const MAX_PATH = 1024;

/** Lists what a folder holds; with `recursive`, what its folders hold as well. */
export async function* listFolder(
  root: Folder,
  path: Path,
  recursive: boolean,
): AsyncGenerator<Entry> {
  const pending: Path[] = [path];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    try {
      for await (const entry of listOne(root, next)) {
        const descend = recursive && entry.type === "folder";
        if (descend && entry.path.length - path.length > MAX_LISTED_DEPTH) {
          yield refused(entry.path, `more than ${MAX_LISTED_DEPTH} folders deep`);
          continue;
        }
        if (descend) pending.push(entry.path);
        yield entry;
      }
    } catch (error) {
      const failure = fromSystem(error, next);
      if (next === path || !(failure instanceof StorageError)) throw failure;
      // A folder that vanished or cannot be read must not hide the rest of the tree.
      yield refused(next, whyNot(failure));
    }
  }
}

async function* listOne(root: Folder, path: Path): AsyncGenerator<Entry> {
  // One text, since who reads slowly may keep a million names waiting: each alone is four times it.
  const names = await withFolder(root, path, {}, async (folder) => {
    const all = await readdir(folder.self, { encoding: BYTES });
    return all.length === 0 ? "" : `${all.join("/")}/`;
  });
  for (let from = 0; from < names.length;) {
    const batch: string[] = [];
    while (batch.length < BATCH && from < names.length) {
      const end = names.indexOf("/", from);
      batch.push(names.slice(from, end));
      from = end + 1;
    }
    yield* await withFolder(root, path, {}, async (folder) => {
      const entries = await Promise.all(batch.map((name) => look(folder, path, name)));
      return entries.filter((entry) => entry !== undefined);
    });
  }
}

async function look(folder: Folder, parent: Path, listed: string): Promise<Entry | undefined> {
  const bytes = Buffer.from(listed, BYTES);
  const name = bytes.toString();
  const path = [...parent, name];
  if (name.toUpperCase() === STAGING.toUpperCase()) return undefined;
  if (!Buffer.from(name).equals(bytes)) return refused(path, "its name is not valid UTF-8");
  // A user's own, on this disk: it is not to be lost without a word.
  if (isStaging(name)) return refused(path, "its name is kept for unfinished transfers");
  if (Buffer.byteLength(path.join("/")) > MAX_PATH) return refused(path, "its path is too long");
  try {
    const stat = await lstat(folder.entry(name), { bigint: true });
    const reason = whyRefused(stat);
    return reason === undefined ? { path, ...itemOf(stat) } : refused(path, reason);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    const failure = fromSystem(error, path);
    if (!(failure instanceof StorageError)) throw failure;
    return refused(path, whyNot(failure));
  }
}

function whyNot({ problem }: StorageError): string {
  return problem === "not-found" ? "it vanished" : problem;
}

function refused(path: Path, reason: string): Entry {
  return { path, type: "refused", reason };
}
