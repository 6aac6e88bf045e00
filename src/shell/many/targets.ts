import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Path } from "../../storage/errors.ts";
import { isPattern } from "../pattern.ts";
import type { Order } from "./destination.ts";
import type { Found } from "./found.ts";

/**
 * Where the files of one command go. What it remembers is bounded as the listings are that name the
 * files; for one tree, whose files cannot meet, it remembers nothing.
 */
export class Targets {
  readonly #sources: Map<string, string> | undefined;

  constructor({ sources }: Order) {
    const canMeet = sources.length > 1 || sources.some(isPattern);
    this.#sources = canMeet ? new Map() : undefined;
  }

  /** @throws {CommandFailed} status 6, where another file of the command goes there already */
  claim({ shown }: Found, target: Path): void {
    if (this.#sources === undefined) return;
    const name = target.join("/");
    const first = this.#sources.get(name);
    if (first === undefined) this.#sources.set(name, shown);
    else if (first !== shown) {
      throw new CommandFailed(Status.refused, `${first} goes to ${name} already`);
    }
  }
}
