import { WaitingLines } from "../../client/waiting-lines.ts";
import { PackedPaths } from "./packed-paths.ts";

/**
 * The paths that a listing has told of so far. They are wanted only where its connection is lost:
 * until then they lie packed, at a few bytes each.
 */
export class Told {
  readonly #lines = new WaitingLines();
  #known: PackedPaths | undefined;

  /** @param paths as they were listed: they may hold anything */
  add(paths: readonly string[]): void {
    this.#lines.add(Buffer.from(JSON.stringify(paths)));
  }

  /** Forgets all that was added since they were asked for: they will not be asked for again. */
  clear(): void {
    while (this.#lines.take() !== undefined) continue;
  }

  /** All of them. */
  paths(): PackedPaths {
    this.#known ??= new PackedPaths();
    for (let text = this.#lines.take(); text !== undefined; text = this.#lines.take()) {
      for (const line of text.split("\n")) {
        if (line === "") continue;
        const paths: readonly string[] = JSON.parse(line);
        for (const path of paths) this.#known.add(path);
      }
    }
    return this.#known;
  }
}
