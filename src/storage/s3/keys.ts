import { StorageError, type Path } from "../errors.ts";
import { STAGING } from "../names.ts";

/** The longest key of S3, in bytes. */
const MAX_KEY = 1024;

/** How the paths of one root are written as keys. */
export class Keys {
  /** What each key begins with: the root as a folder, or nothing. */
  readonly prefix: string;

  /** @param parts of the root, within the bucket */
  constructor(parts: Path) {
    this.prefix = parts.map((part) => `${part}/`).join("");
  }

  /** The key of a file. */
  file(path: Path): string {
    const key = this.prefix + path.join("/");
    // A folder's marker has a byte more.
    if (Buffer.byteLength(key) < MAX_KEY) return key;
    throw new StorageError("name", path, () => "The path is longer than the store can hold");
  }

  /** What the keys of all that a folder holds begin with; also the key of its marker. */
  folder(path: Path): string {
    return path.length === 0 ? this.prefix : `${this.file(path)}/`;
  }

  /** The key of something in the staging folder. */
  staged(name: string): string {
    return `${this.prefix}${STAGING}/${name}`;
  }

  /** The opposite of `staged`. */
  nameOfStaged(key: string): string {
    return key.slice(this.staged("").length);
  }

  /** A key's parts, seen from the root. A marker's last part is empty. */
  parts(key: string): string[] {
    return key.slice(this.prefix.length).split("/");
  }
}
