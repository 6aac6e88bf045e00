import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Path } from "../../storage/errors.ts";
import { whyNotCreatable } from "../../storage/names.ts";
import type { Found, Listed } from "./found.ts";
import type { WhyNotHad } from "./receivable.ts";
import type { Tally } from "./tally.ts";
import type { Kept, Tree } from "./tree.ts";

/** The side of a mirror that is changed. All paths are those behind the folder that is mirrored. */
export interface Target {
  rename(from: Path, to: Path): Promise<void>;
  /** @throws {CommandFailed} where it is known that nothing can be removed or renamed */
  checkRemovable(): void;
  /** Removes a file or an empty folder; nothing where there is none. */
  remove(path: Path): Promise<void>;
  /** What a folder holds; a file alone; nothing where nothing is there. */
  list(path: Path): AsyncIterable<Pick<Listed, "path" | "type">>;
}

/** A file where the source has a folder, or the reverse, with what is to take its place. */
interface Clash<F> {
  readonly path: Path;
  readonly replacement: F[];
}

/** What of a target is of another kind than what the source has under its name. */
export class Clashes<F extends Found> {
  readonly #target: Tree;
  readonly #whyNotHad: WhyNotHad;
  readonly #clashes = new Map<string, Clash<F>>();

  /** @param whyNotHad why the source could not have something that the target has */
  constructor(target: Tree, whyNotHad: WhyNotHad) {
    this.#target = target;
    this.#whyNotHad = whyNotHad;
  }

  /**
   * Puts something back until all else is done, where it needs a place that has to be made first.
   * @param path behind the folder that is mirrored
   * @returns whether it is put back
   */
  take(path: Path, found: F): boolean {
    for (let depth = 1; depth <= path.length; depth++) {
      const clash = this.#clashes.get(path.slice(0, depth).join("/"));
      if (clash === undefined) continue;
      clash.replacement.push(found);
      return true;
    }
    const type = this.#target.typeOf(path);
    if (type === undefined || type === "refused" || found.type === "refused") return false;
    if (type === found.type) return false;
    this.#clashes.set(path.join("/"), { path, replacement: [found] });
    return true;
  }

  /**
   * Replaces what is in the way. It keeps its content under another name until all that takes its
   * place is there, and gets its name back where that fails: a source that turns out not to be
   * readable, or a name that cannot be made, costs nothing.
   * @param move puts what was found in its place, and tells of what fails
   */
  async replaceAll(
    target: Target,
    { verb, dryRun, tally, shown }: Replacing,
    move: (found: AsyncIterable<readonly F[]>) => Promise<void>,
  ): Promise<void> {
    const each = this.#target.withinEach([...this.#clashes.keys()]);
    for (const [place, { path, replacement }] of [...this.#clashes.values()].entries()) {
      const old = this.#entriesOf(each[place] ?? new Uint32Array());
      const reason = whyNot(replacement, old, this.#whyNotHad);
      // Whatever comes of it, what is there is none of those that the source lacks.
      for (const entry of old) this.#target.forget(entry.path);
      if (reason !== undefined) {
        const what = replacement[0]?.type === "folder" ? "file" : "folder";
        const message = `A ${what} is in its place, and stays: ${reason}`;
        tally.failed(verb, shown(path), new CommandFailed(Status.refused, message));
      } else if (dryRun) {
        try {
          target.checkRemovable();
        } catch (error) {
          tally.failed(verb, shown(path), error);
          continue;
        }
        for (const entry of old) tally.deleted(shown(entry.path), true);
        await move(alone(replacement));
      } else {
        await replaceOne(path, old, target, { verb, tally, shown }, () => move(alone(replacement)));
      }
    }
  }

  #entriesOf(numbers: Uint32Array): Old[] {
    return Array.from(numbers).flatMap((number) => {
      const entry = this.#target.entry(number);
      return entry === undefined ? [] : [{ path: this.#target.pathOf(number).split("/"), entry }];
    });
  }
}

/** Something that is in the way. */
interface Old {
  readonly path: Path;
  readonly entry: Kept;
}

/** Why something has to stay; `undefined` where it can be replaced. */
function whyNot(
  replacement: readonly Found[],
  old: readonly Old[],
  whyNotHad: WhyNotHad,
): string | undefined {
  for (const { type, names, reason = "refused", shown } of replacement) {
    if (type === "refused") return `${shown} cannot be had: ${reason}`;
    for (const part of names.alone) {
      const why = whyNotCreatable(part);
      if (why !== undefined) return `the name ${part} ${why}`;
    }
  }
  const kept = old.find(({ entry }) => entry.type === "refused");
  if (kept !== undefined) {
    return `${kept.path.join("/")} in it cannot be removed: ${kept.entry.reason ?? ""}`;
  }
  for (const { path } of old) {
    const name = path.join("/");
    const why = whyNotHad(name);
    if (why !== undefined) return `${name} in it is left alone: ${why}`;
  }
  return undefined;
}

/** How to replace, and whom to tell. */
export interface Replacing {
  readonly verb: string;
  readonly dryRun: boolean;
  readonly tally: Tally;
  /** A path behind the folder that is mirrored, as the user knows it. */
  readonly shown: (path: Path) => string;
}

async function replaceOne(
  path: Path,
  old: readonly { readonly path: Path }[],
  target: Target,
  { verb, tally, shown }: Omit<Replacing, "dryRun">,
  move: () => Promise<void>,
): Promise<void> {
  const aside = [
    ...path.slice(0, -1),
    `${path.at(-1) ?? ""}.replaced-${crypto.getRandomValues(new Uint8Array(4)).toHex()}`,
  ];
  try {
    await target.rename(path, aside);
  } catch (error) {
    return tally.failed(verb, shown(path), error);
  }
  const { failures } = tally;
  let ended: { readonly error: unknown } | undefined;
  try {
    await move();
  } catch (error) {
    ended = { error };
  }
  if (ended === undefined && tally.failures === failures) {
    for (const entry of old) {
      try {
        await target.remove([...aside, ...entry.path.slice(path.length)]);
        tally.deleted(shown(entry.path), false);
      } catch (error) {
        tally.failed("RM", shown(entry.path), error);
      }
    }
    return;
  }
  try {
    await putBack(target, path, aside);
  } catch (error) {
    tally.leftAlone(shown(aside), `what was called ${shown(path)} is in it`);
    if (ended === undefined) tally.failed(verb, shown(path), error);
  }
  if (ended !== undefined) throw ended.error;
}

async function putBack(target: Target, path: Path, aside: Path): Promise<void> {
  const came = (await Array.fromAsync(target.list(path))).toSorted(
    (a, b) => b.path.length - a.path.length,
  );
  for (const entry of came) await target.remove(entry.path);
  await target.remove(path);
  await target.rename(aside, path);
}

async function* alone<T>(item: T): AsyncGenerator<T> {
  yield item;
}
