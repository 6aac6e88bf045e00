import { WaitingLines } from "../../client/waiting-lines.ts";
import { PackedPaths } from "./packed-paths.ts";

/** Paths that are written down together. */
const BATCH = 1000;

/**
 * The paths that a listing has told of so far. They are wanted only where its connection is lost:
 * until then they lie packed, at a few bytes each.
 */
export class Told {
  readonly #lines = new WaitingLines();
  #latest: string[] = [];
  #known: PackedPaths | undefined;

  /** @param path as it was listed: it may hold anything */
  add(path: string): void {
    if (this.#latest.push(JSON.stringify(path)) === BATCH) this.#flush();
  }

  /** Forgets all that was added since they were asked for: they will not be asked for again. */
  clear(): void {
    this.#latest = [];
    while (this.#lines.take() !== undefined) continue;
  }

  /** All of them. */
  paths(): PackedPaths {
    this.#flush();
    this.#known ??= new PackedPaths();
    for (let text = this.#lines.take(); text !== undefined; text = this.#lines.take()) {
      for (const line of text.split("\n")) {
        if (line === "") continue;
        const path: string = JSON.parse(line);
        this.#known.add(path);
      }
    }
    return this.#known;
  }

  #flush(): void {
    if (this.#latest.length === 0) return;
    this.#lines.add(Buffer.from(this.#latest.join("\n")));
    this.#latest = [];
  }
}
