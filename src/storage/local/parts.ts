import type { Path } from "../errors.ts";
import type { CreateOptions, Leftover, Part } from "../storage.ts";
import { Holders, nameIdIn, nameIdOf, partIdOf } from "../holders.ts";
import { isSelf } from "./owner.ts";
import type { Staged, Staging } from "./staging.ts";
import { isLeft, ownName, parseStagedName } from "./staged-name.ts";

/** A part that was opened, and how to say that it no longer is. */
export interface Claimed {
  readonly staged: Staged;
  /** Whether it was left in order; otherwise its last blocks may have holes. */
  readonly inOrder: boolean;
  /** @param kept whether it was left for a later attempt */
  release(kept: boolean): void;
}

/** Who stores a file, and who is told what of earlier attempts is removed. */
type Whose = Pick<CreateOptions, "by" | "onForgotten">;

/** A file in the staging folder that nobody writes to. */
interface Left {
  readonly name: string;
  readonly id: string;
  readonly kept: boolean;
  readonly size: number;
}

/** The parts of interrupted transfers in a staging folder: each has one writer at a time. */
export class Parts {
  readonly #staging: Staging;
  readonly #holders = new Holders();
  /** What the ids of all begin with that were there when it was looked, or were left here since. */
  #names: Promise<Set<string>> | undefined;

  constructor(staging: Staging) {
    this.#staging = staging;
  }

  /** Begins a part; what earlier attempts have left of it, or for its name, is removed. */
  async create(path: Path, part: Part, whose: Whose): Promise<Claimed> {
    const id = partIdOf(path, part, whose.by);
    const release = await this.#take(id, part);
    try {
      await this.#removeAll(await this.#leftOf(id), whose);
      const staged = await this.#staging.create(path, ownName(id, "part"));
      return { staged, inOrder: true, release };
    } catch (error) {
      release(true);
      throw error;
    }
  }

  /**
   * Opens what an earlier attempt has left, and removes what others have left for its name.
   * @returns `undefined` where there is nothing to go on with
   */
  async claim(path: Path, part: Part, whose: Whose): Promise<Claimed | undefined> {
    const id = partIdOf(path, part, whose.by);
    const release = await this.#take(id, part);
    try {
      const left = await this.#leftOf(id);
      // Several are left where two programs began the same; the largest saves most.
      for (const one of left) {
        if (one.id !== id) continue;
        const staged = await this.#staging.claim(path, one.name, ownName(id, "part"));
        if (staged === undefined) continue;
        await this.#removeAll(
          left.filter((other) => other !== one),
          whose,
        );
        return { staged, inOrder: one.kept, release };
      }
    } catch (error) {
      release(true);
      throw error;
    }
    release(true);
    return undefined;
  }

  /**
   * Removes what was left for a name. Costs nothing where nothing was, as far as is known here.
   * @returns whether anything was removed
   */
  async forget(path: Path, whose: Whose): Promise<boolean> {
    this.#names ??= this.#findNames();
    const names = await this.#names;
    if (names.size === 0) return false;
    const name = nameIdOf(path, whose.by);
    if (!names.has(name)) return false;
    const bytes = await this.#removeAll(await this.#leftOf(name), whose);
    if (bytes === 0) names.delete(name);
    return bytes > 0;
  }

  /** What was left, and nobody has open. */
  async leftovers(): Promise<Leftover[]> {
    this.#names = undefined;
    const found: Leftover[] = [];
    for (const { name, size, age } of await this.#staging.files("")) {
      const parsed = parseStagedName(name);
      if (parsed === undefined || parsed.kind === "tmp" || !isLeft(parsed, age)) continue;
      const isHeld = (): boolean => this.#holders.has(parsed.id);
      if (isHeld()) continue;
      const remove = async (): Promise<number> =>
        !isHeld() && (await this.#staging.remove(name)) ? size : 0;
      found.push({ bytes: size, age, remove });
    }
    return found;
  }

  async #take(id: string, { onTaken }: Part): Promise<(kept: boolean) => void> {
    const release = await this.#holders.take(id, onTaken);
    return (kept) => {
      // Not while it is looked for them: that would be forgotten.
      if (kept) void this.#names?.then((names) => names.add(nameIdIn(id))).catch(() => undefined);
      release();
    };
  }

  async #findNames(): Promise<Set<string>> {
    try {
      const parsed = (await this.#staging.names()).map(parseStagedName);
      const ids = parsed.flatMap((one) => (one === undefined || one.kind === "tmp" ? [] : one.id));
      return new Set(ids.map(nameIdIn));
    } catch (error) {
      this.#names = undefined;
      throw error;
    }
  }

  async #removeAll(left: readonly Left[], { onForgotten }: Whose): Promise<number> {
    let bytes = 0;
    for (const { name, size } of left) {
      if (await this.#staging.remove(name)) bytes += size;
    }
    if (bytes > 0) onForgotten?.(bytes);
    return bytes;
  }

  /**
   * What was left for a name, the largest first.
   * @param id of a part of it that is open here, or what the ids of all of them begin with
   */
  async #leftOf(id: string): Promise<Left[]> {
    const left: Left[] = [];
    for (const { name, size, age } of await this.#staging.files(nameIdIn(id))) {
      const parsed = parseStagedName(name);
      if (parsed === undefined || parsed.kind === "tmp") continue;
      const isOpen = parsed.id !== id && this.#holders.has(parsed.id);
      // Of this very part, one of this process that nobody has open was left as well.
      const isOurs = parsed.id === id && isSelf(parsed.owner);
      if (isOpen || !(isLeft(parsed, age) || isOurs)) continue;
      left.push({ name, id: parsed.id, kept: parsed.kind === "kept", size });
    }
    return left.toSorted((a, b) => b.size - a.size);
  }
}
