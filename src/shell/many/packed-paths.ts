import { PackedTexts } from "./packed-texts.ts";

/** Different paths in little memory, numbered from 0 as they are added: each folder is kept once. */
export class PackedPaths {
  readonly #folders = new PackedTexts();
  readonly #names = new PackedTexts();
  /** The last one that was asked for: what is listed lies together. */
  #last = { folder: "", number: this.#folders.add(0, "") };

  /** How many there are. */
  get size(): number {
    return this.#names.size;
  }

  /**
   * Adds a path if it is not there yet.
   * @returns its number
   */
  add(path: string): number {
    const { folder, name } = split(path);
    if (folder !== this.#last.folder) {
      this.#last = { folder, number: this.#folders.add(0, folder) };
    }
    return this.#names.add(this.#last.number, name);
  }

  /** The number of a path; `undefined` where it was not added. */
  find(path: string): number | undefined {
    const { folder, name } = split(path);
    if (folder !== this.#last.folder) {
      const number = this.#folders.find(0, folder);
      if (number === undefined) return undefined;
      this.#last = { folder, number };
    }
    return this.#names.find(this.#last.number, name);
  }

  has(path: string): boolean {
    return this.find(path) !== undefined;
  }

  /** The path that was added as that number. */
  at(number: number): string {
    const { owner, text } = this.#names.at(number);
    const folder = this.#folders.at(owner).text;
    return folder === "" ? text : `${folder}/${text}`;
  }
}

/** No path begins with a `/`. */
function split(path: string): { readonly folder: string; readonly name: string } {
  const at = path.lastIndexOf("/");
  return at === -1
    ? { folder: "", name: path }
    : { folder: path.slice(0, at), name: path.slice(at + 1) };
}
