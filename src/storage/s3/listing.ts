import { StorageError, type Path } from "../errors.ts";
import { checkReadable, isStaging } from "../names.ts";
import type { Entry } from "../storage.ts";
import type { ListedObject } from "./bucket.ts";
import { FOLDER, itemOf } from "./metadata.ts";
import type { SourceContext } from "./source.ts";

/** Objects whose times are asked for together: a list does not tell them. */
const AT_ONCE = 64;
/** Folders within folders that a listing goes down to. */
const MAX_DEPTH = 64;

/** Lists what a folder holds; with `recursive`, what its folders hold as well. */
export async function* listFolder(
  context: SourceContext,
  path: Path,
  recursive: boolean,
): AsyncGenerator<readonly Entry[]> {
  const names = new Names(path, recursive);
  for await (const page of pagesOf(context, path, recursive)) {
    const found = page.flatMap((entry) => names.take(context.keys.parts(entry.key), entry));
    for (let from = 0; from < found.length; from += AT_ONCE) {
      const looked = found.slice(from, from + AT_ONCE).map((one) => look(context, one));
      yield (await Promise.all(looked)).filter((entry) => entry !== undefined);
    }
  }
}

/** A key of a list; one that stands for all that begin with it ends in a slash. */
type Key = Pick<ListedObject, "key">;

/** The keys of a folder in their order, folders of it once, where nothing below is wanted. */
async function* pagesOf(
  { bucket, keys }: SourceContext,
  path: Path,
  recursive: boolean,
): AsyncGenerator<Key[]> {
  const prefix = keys.folder(path);
  for await (const page of bucket.list(prefix, recursive ? {} : { delimiter: "/" })) {
    const folders = page.folders.map((key) => ({ key }));
    yield folders.length === 0
      ? [...page.objects]
      : [...page.objects, ...folders].toSorted((a, b) =>
          Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
        );
  }
}

/** What is to be told of a name: `file` has to be looked at first. */
type Name = { readonly path: Path } & (
  { readonly type: "file" | "folder" } | { readonly type: "refused"; readonly reason: string }
);

/** Makes names of keys that come in their order: each folder before the first thing that is in it. */
class Names {
  readonly #top: number;
  readonly #recursive: boolean;
  /** The folder that the last key was in, from the top on. */
  #within: string[] = [];
  /** A folder that is not gone into, with the slash behind it. */
  #closed: string | undefined;
  /** Files whose keys the present one begins with. */
  #shorter: string[] = [];

  constructor(path: Path, recursive: boolean) {
    this.#top = path.length;
    this.#recursive = recursive;
  }

  take(parts: readonly string[], { key }: Key): Name[] {
    if (this.#closed !== undefined && key.startsWith(this.#closed)) return [];
    this.#shorter = this.#shorter.filter((file) => key.startsWith(file));
    const names: Name[] = [];
    const folders = parts.slice(0, -1);
    const name = parts.at(-1) ?? "";
    let depth = this.#top;
    while (depth < folders.length && this.#within[depth] === folders[depth]) depth++;
    this.#within = [...folders];
    for (; depth < folders.length; depth++) {
      const path = folders.slice(0, depth + 1);
      const end = key.length - parts.slice(depth + 1).join("/").length;
      const below = key.slice(0, end);
      const reason = this.#whyNot(path, below);
      if (reason === undefined) {
        names.push({ path, type: "folder" });
        if (this.#recursive) continue;
      } else if (reason !== "") names.push({ path, type: "refused", reason });
      this.#closed = below;
      this.#within = folders.slice(0, depth + 1);
      return names;
    }
    // A marker has no name of its own.
    if (name === "" || isStaging(name)) return names;
    this.#shorter.push(key);
    const path = [...parts];
    const reason = whyUnreadable(path);
    return [
      ...names,
      reason === undefined ? { path, type: "file" } : { path, type: "refused", reason },
    ];
  }

  /** Why a folder is not shown; empty where nothing at all is. */
  #whyNot(path: Path, below: string): string | undefined {
    if (isStaging(path.at(-1) ?? "")) return "";
    if (this.#shorter.includes(below.slice(0, -1))) return "a file has the same name";
    if (path.length - this.#top > MAX_DEPTH + 1) return `more than ${MAX_DEPTH} folders deep`;
    return whyUnreadable(path);
  }
}

function whyUnreadable(path: Path): string | undefined {
  try {
    checkReadable(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return error.describe(() => "its name");
  }
}

/** `undefined` where it has gone meanwhile. */
async function look({ bucket, keys }: SourceContext, name: Name): Promise<Entry | undefined> {
  const { path } = name;
  if (name.type === "folder") return { path, ...FOLDER };
  if (name.type === "refused") return { path, type: "refused", reason: name.reason };
  const info = await bucket.head(keys.prefix + path.join("/"));
  return info && { path, ...itemOf(info) };
}
