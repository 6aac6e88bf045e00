import { StorageError, type Path } from "../errors.ts";
import { alreadyThere, notFound } from "../refusals.ts";
import type { Bucket } from "./bucket.ts";
import type { ObjectInfo } from "./reply.ts";
import type { Keys } from "./keys.ts";
import { remember, type Remembered } from "./remembered.ts";

/** For how long what was found is relied upon, in milliseconds. */
const FRESH_MS = 2000;
/** Pages of a folder that are read to know which of its names are folders; each is as good for longer. */
const MOST_PAGES = 10;

/** What is under a name. */
export type Found =
  { readonly type: "file"; readonly info: ObjectInfo } | { readonly type: "folder" } | undefined;

/**
 * Files and folders as a store has them: a folder is there where a key lies in it, be it only its
 * marker. Stores cannot hold a name while somebody else uses it, so all this is looked at, and not
 * guaranteed; what this process itself changes is known at once.
 */
export class Tree {
  readonly #bucket: Bucket;
  readonly #keys: Keys;
  readonly #remembered: Remembered;

  /** @param remembered by all that have a root in this bucket */
  constructor(bucket: Bucket, keys: Keys, remembered: Remembered) {
    this.#bucket = bucket;
    this.#keys = keys;
    this.#remembered = remembered;
  }

  /**
   * What is under a name; the root is always a folder.
   * @throws {StorageError} `not-a-file`, where a file stands in the way
   */
  async find(path: Path): Promise<Found> {
    if (path.length === 0) return { type: "folder" };
    const info = await this.#bucket.head(this.#keys.file(path));
    if (info !== undefined) return { type: "file", info };
    if (await this.isFolder(path)) return { type: "folder" };
    await this.checkParents(path);
    return undefined;
  }

  /** The file under a name. */
  async file(path: Path): Promise<ObjectInfo> {
    const found = await this.find(path);
    if (found === undefined) throw notFound(path);
    if (found.type === "folder") throw isFolder(path);
    return found.info;
  }

  /** Whether there is anything in a folder, or its marker. */
  isFolder(path: Path): Promise<boolean> {
    return this.#bucket.holdsAny(this.#keys.folder(path));
  }

  /** @throws {StorageError} `not-a-file`, where one of the folders that a path is in is a file */
  async checkParents(path: Path): Promise<void> {
    const now = performance.now();
    const parents = path.slice(0, -1).map((_, index) => path.slice(0, index + 1));
    await Promise.all(
      parents.map(async (parent) => {
        const key = this.#keys.file(parent);
        if (now - (this.#remembered.noFiles.get(key) ?? -Infinity) < FRESH_MS) return;
        // Many that are stored together are in the same folders.
        const look = this.#remembered.looks.get(key);
        const isShared = look !== undefined && now - look.since < FRESH_MS;
        if (await (isShared ? look.isFile : this.#look(key))) throw isFile(parent);
      }),
    );
  }

  #look(key: string): Promise<boolean> {
    const { looks, noFiles } = this.#remembered;
    const since = performance.now();
    const isFile = this.#bucket.head(key).then(
      (info) => {
        // What this process has made meanwhile may have come too late for it.
        const isLast = looks.get(key) === look;
        if (isLast) looks.delete(key);
        if (isLast && info === undefined) remember(noFiles, key, since);
        return info !== undefined;
      },
      (error: unknown) => {
        if (looks.get(key) === look) looks.delete(key);
        throw error;
      },
    );
    const look = { isFile, since };
    looks.set(key, look);
    return isFile;
  }

  /**
   * Whether a file can get a name, as far as that can be known.
   * @param exists whether to look for a file under the name, and refuse it
   * @throws {StorageError}
   */
  async checkTarget(path: Path, exists: boolean): Promise<void> {
    const [, folder, there] = await Promise.all([
      this.checkParents(path),
      this.#isKnownFolder(path),
      exists ? this.#bucket.head(this.#keys.file(path)) : undefined,
    ]);
    if (folder) throw isFolder(path);
    if (there !== undefined) throw alreadyThere(path);
  }

  /**
   * The same for one that was checked at `checkedAt`: asks the store only where that was long ago, or
   * this process has changed something since.
   */
  async recheckTarget(path: Path, checkedAt: number): Promise<void> {
    const { madeFiles, madeFolders } = this.#remembered;
    const since = (made: ReadonlyMap<string, number>, name: Path): boolean =>
      (made.get(this.#keys.file(name)) ?? -Infinity) >= checkedAt;
    const parents = path.slice(0, -1).map((_, index) => path.slice(0, index + 1));
    const changed = since(madeFolders, path) || parents.some((parent) => since(madeFiles, parent));
    if (changed || performance.now() - checkedAt > FRESH_MS) await this.checkTarget(path, false);
  }

  /** As `isFolder`, with one look at the folder that it is in for all that is stored in that. */
  async #isKnownFolder(path: Path): Promise<boolean> {
    const key = this.#keys.file(path);
    const parent = this.#keys.folder(path.slice(0, -1));
    const { folders: all, madeFolders } = this.#remembered;
    if (madeFolders.has(key)) return this.isFolder(path);
    let known = all.get(parent);
    if (known === undefined || known.until < performance.now()) {
      known = { names: this.#foldersIn(parent), until: Infinity };
      const reading = known;
      all.set(parent, reading);
      reading.names.catch(() => all.delete(parent));
    }
    const folders = await known.names;
    return folders === undefined ? this.isFolder(path) : folders.has(`${key}/`);
  }

  async #foldersIn(parent: string): Promise<ReadonlySet<string> | undefined> {
    const folders = new Set<string>();
    let pages = 0;
    for await (const page of this.#bucket.list(parent, { delimiter: "/" })) {
      for (const folder of page.folders) folders.add(folder);
      if (++pages === MOST_PAGES) break;
    }
    const until = performance.now() + Math.max(1, pages) * FRESH_MS;
    const { folders: all } = this.#remembered;
    for (const [key, known] of all) if (known.until < performance.now()) all.delete(key);
    const entry = all.get(parent);
    if (entry !== undefined) entry.until = until;
    return pages === MOST_PAGES ? undefined : folders;
  }

  /** This process has stored a file, and with it folders. */
  madeFile(path: Path): void {
    const now = performance.now();
    const key = this.#keys.file(path);
    const { noFiles, looks, madeFiles } = this.#remembered;
    noFiles.delete(key);
    looks.delete(key);
    remember(madeFiles, key, now);
    this.#madeParents(path, now);
  }

  /** This process has made a folder. */
  madeFolder(path: Path): void {
    const now = performance.now();
    remember(this.#remembered.madeFolders, this.#keys.file(path), now);
    this.#madeParents(path, now);
  }

  /**
   * Keeps the folder that something is in, also when nothing else is in it any more: once for all
   * that is taken out of it within a short time.
   */
  async keepParent(path: Path): Promise<void> {
    const parent = path.slice(0, -1);
    if (parent.length === 0) return;
    const key = this.#keys.folder(parent);
    const since = performance.now();
    const { markers } = this.#remembered;
    const known = markers.get(key);
    if (known !== undefined && since - known.since < FRESH_MS) return known.put;
    for (const [old, marker] of markers) {
      if (since - marker.since >= FRESH_MS) markers.delete(old);
    }
    const put = this.#bucket.put(key, Buffer.alloc(0)).then(
      () => undefined,
      (error: unknown) => {
        markers.delete(key);
        throw error;
      },
    );
    markers.set(key, { put, since });
    return put;
  }

  /** This process has deleted a folder, with its marker. */
  deletedFolder(path: Path): void {
    this.#remembered.markers.delete(this.#keys.folder(path));
  }

  #madeParents(path: Path, now: number): void {
    for (let depth = path.length - 1; depth > 0; depth--) {
      remember(this.#remembered.madeFolders, this.#keys.file(path.slice(0, depth)), now);
    }
  }
}

export function isFolder(path: Path): StorageError {
  return new StorageError(
    "not-a-file",
    path,
    (name) => `${name} is a folder: a file is needed, or another name`,
  );
}

function isFile(path: Path): StorageError {
  return new StorageError("not-a-file", path, (name) => `${name} is a file, and not a folder`);
}
