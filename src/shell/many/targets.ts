import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Path } from "../../storage/errors.ts";
import { compilePattern, isPattern } from "../pattern.ts";
import type { Word } from "../parse.ts";
import { Column } from "./column.ts";
import type { Order } from "./destination.ts";
import type { Found } from "./found.ts";
import { PackedPaths } from "./packed-paths.ts";

/**
 * Where the files of one command go. What it remembers is bounded as the listings are that name the
 * files; of one tree, or of one pattern whose files keep their folders, none can meet another, and it
 * remembers nothing.
 */
export class Targets {
  /** Whether two files may go to the same place. */
  readonly canMeet: boolean;
  readonly #source: Word | undefined;
  #haveMet = false;
  readonly #names = new PackedPaths();
  readonly #sources = new PackedPaths();
  /** Of each name the number of what goes there. */
  readonly #sourceOf = new Column(Uint32Array);

  constructor({ sources, target }: Order) {
    const [source, another] = sources;
    this.#source = another === undefined ? source : undefined;
    const isPatternInto = source !== undefined && isPattern(source) && target !== undefined;
    this.canMeet = another !== undefined || isPatternInto;
  }

  /** @throws {CommandFailed} status 6, where another file of the command goes there already */
  claim({ shown }: Found, target: Path): void {
    if (!this.canMeet) return;
    const name = target.join("/");
    const isNew = !this.#names.has(name);
    const number = this.#names.add(name);
    if (isNew) {
      this.#sourceOf.set(number, this.#sources.add(shown));
      return;
    }
    const first = this.#sources.at(this.#sourceOf.get(number));
    if (first !== shown) {
      this.#haveMet = true;
      throw new CommandFailed(
        Status.refused,
        `${first} goes to ${name} already`,
        "another goes there already",
      );
    }
  }

  /** What is to be typed where files of one pattern have met; `undefined` where that is of no use. */
  hint(): string | undefined {
    if (!this.#haveMet || this.#source === undefined || !isPattern(this.#source)) return undefined;
    const { base, keepsTree } = compilePattern(this.#source.text);
    if (keepsTree) return undefined;
    const last = this.#source.text.split("/").findLast((part) => part !== "") ?? "*";
    const like = `${base === "" ? "" : `${base.replace(/\/$/, "")}/`}**/${last}`;
    return `A pattern with ** keeps the folders that its files lie in, such as ${like}`;
  }
}
