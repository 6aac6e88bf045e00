import { ask } from "../client/ask.ts";
import { CommandFailed, Interrupted, Refused } from "../client/errors.ts";
import type { Link } from "../client/link.ts";
import { passedEntry } from "../client/litter.ts";
import type { RemoteEntry } from "../client/listing.ts";
import { deleteThere } from "../client/remove.ts";
import { Status } from "../client/status.ts";
import { formatCount } from "../observe/units.ts";
import type { Path } from "../protocol/path.ts";
import { encodeText } from "../protocol/text.ts";
import { checkAllowed } from "./allowed.ts";
import type { ShellContext } from "./context.ts";
import { limitsOf, runPool } from "./many/pool.ts";
import { listAll } from "./many/remote-sources.ts";
import { Tree } from "./many/tree.ts";
import { checkMovable, collectListing, lookAt, neutrally } from "./remote-look.ts";
import type { Several } from "./several.ts";

/** What removes things of the server. */
export interface Remover {
  readonly context: ShellContext;
  readonly link: Link;
  readonly several: Several;
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean;
}

/**
 * Removes a file or an empty folder.
 * @throws {CommandFailed}
 */
export async function removeOne(remover: Remover, path: Path): Promise<void> {
  const { context, link, dryRun } = remover;
  const { session } = link;
  const { output, signal } = context;
  const shown = path.join("/");
  checkMovable(context, path, "removed");
  if (dryRun) {
    const { type } = await lookAt(context, session, path);
    const inside =
      type === "folder" ? await collectListing(context, session, path, { recursive: false }) : [];
    if (inside.length > 0) throw notEmpty(553, shown);
    checkAllowed(session, "remove");
    output.say(`Would remove ${shown}.`);
    return;
  }
  try {
    await neutrally(path, ask(session, "DELETE", path, {}, signal));
  } catch (error) {
    throw error instanceof Refused && error.word === "not-empty"
      ? notEmpty(error.code, shown)
      : error;
  }
  output.say(`Removed ${shown}.`);
  tellRemoved(context, shown);
}

/**
 * Removes a file.
 * @param known its type, where a listing told of it
 * @throws {CommandFailed} status 6, where it is a folder
 */
export async function removeFile(
  remover: Remover,
  path: Path,
  known?: RemoteEntry["type"],
): Promise<void> {
  const { context, link } = remover;
  checkMovable(context, path, "removed");
  // DELETE would take an empty folder, too.
  const type = known ?? (await lookAt(context, link.session, path)).type;
  if (type === "folder") {
    throw new CommandFailed(
      Status.refused,
      `${path.join("/")} is a folder: RM -r removes it with all in it, RMDIR where it is empty`,
    );
  }
  await removeOne(remover, path);
}

/**
 * Removes a folder with all that it holds, or a file. What fails within it is told, and the rest
 * goes on: each entry counts as one of several.
 * @throws {CommandFailed} where nothing could be begun, or all must end
 */
export async function removeTree(remover: Remover, path: Path): Promise<void> {
  const { context, link, several, dryRun } = remover;
  const { output, signal } = context;
  const own = path.join("/");
  checkMovable(context, path, "removed");
  /** Folders that hold something that could not be removed. */
  const kept = new Set<string>();
  const nameless: string[] = [];
  const tree = await neutrally(path, everythingIn(link, path, signal, nameless));
  if (tree.size === 1 && nameless.length === 0 && tree.find(own) !== undefined) {
    await several.try(own, () => removeOne(remover, path));
    return;
  }
  checkAllowed(link.session, "remove");
  tree.add(path, { path, type: "folder" });
  const removed = { file: 0, folder: 0 };
  const keep = (entry: Entry, error: unknown): void => {
    for (const above of foldersAbove(entry.path)) kept.add(above);
    several.fail(entry.path, error);
  };
  const succeed = (entry: Entry): void => {
    several.succeed();
    if (dryRun) output.say(`Would remove ${entry.path}${entry.type === "folder" ? "/" : ""}.`);
    else tellRemoved(context, entry.path);
    removed[entry.type === "folder" ? "folder" : "file"]++;
  };
  if (!dryRun) context.job.count(tree.size);
  for (const name of nameless) {
    const reason = "Its name is not valid Unicode";
    keep({ path: name, type: "refused" }, new CommandFailed(Status.refused, reason));
  }
  const removable = function* removable(level: Uint32Array): Generator<Entry> {
    for (const number of level) {
      passedEntry();
      const entry = entryOf(tree, number);
      if (entry.type !== "refused" && !kept.has(entry.path)) {
        yield entry;
        continue;
      }
      context.job.counted();
      if (entry.type !== "refused") continue;
      const reason = `The server does not touch it: ${entry.reason ?? "it does not say why"}`;
      keep(entry, new CommandFailed(Status.refused, reason));
    }
  };
  try {
    await removeLevels();
  } catch (error) {
    if (removed.file + removed.folder === 0) throw error;
    const gone = `${count(removed)} of ${own}`;
    if (error instanceof Interrupted) throw new Interrupted(`${gone} are removed`);
    output.say(`Removed ${gone}.`);
    throw error;
  }
  if (dryRun) {
    output.say(`Would remove ${count(removed)}.`);
    return;
  }
  output.say(
    kept.has(own)
      ? `Removed ${count(removed)} of ${own}, and left the rest.`
      : `Removed ${own}: ${count(removed)}.`,
  );

  async function removeLevels(): Promise<void> {
    for (const level of levelsOf(tree)) {
      if (dryRun) {
        for (const entry of removable(level)) succeed(entry);
        continue;
      }
      await runPool([removable(level)], limitsOf(link, Infinity), {
        async one(entry) {
          try {
            await link.run((session) => deleteThere(session, entry.path.split("/"), signal));
          } catch (error) {
            keep(entry, error);
            return;
          } finally {
            context.job.counted();
          }
          succeed(entry);
        },
      });
    }
  }
}

type Entry = Pick<RemoteEntry, "path" | "type"> & { readonly reason?: string | undefined };

/** @param nameless takes the paths that nobody can ask for */
async function everythingIn(
  link: Link,
  path: Path,
  signal: AbortSignal,
  nameless: string[],
): Promise<Tree> {
  const tree = new Tree();
  for await (const entry of listAll(link, path, true, signal)) {
    const name = entry.path.join("/");
    if (name.isWellFormed()) tree.add(entry.path, entry);
    else nameless.push(name);
  }
  return tree;
}

function entryOf(tree: Tree, number: number): Entry {
  const { type = "refused", reason } = tree.entry(number) ?? {};
  return { path: tree.pathOf(number), type, reason };
}

/** The numbers of entries that lie equally deep, the deepest first. */
function* levelsOf(tree: Tree): Generator<Uint32Array> {
  const order = tree.deepestFirst();
  const depthAt = (at: number): number => tree.pathOf(order[at] ?? 0).split("/").length;
  for (let from = 0; from < order.length;) {
    const depth = depthAt(from);
    let to = from + 1;
    // Depths fall: the end of a level is found without a look at each.
    for (let beyond = order.length; to < beyond;) {
      const middle = (to + beyond) >> 1;
      if (depthAt(middle) === depth) to = middle + 1;
      else beyond = middle;
    }
    yield order.subarray(from, to);
    from = to;
  }
}

function foldersAbove(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function notEmpty(code: number, name: string): Refused {
  const message = `The folder ${encodeText(name)} is not empty: RM -r removes it with all in it`;
  return new Refused(code, "not-empty", message);
}

function tellRemoved({ output }: ShellContext, path: string): void {
  output.observe({ event: "changed", verb: "DELETE", path });
}

/** Such as `2 files and 1 folder`. */
function count({ file, folder }: { readonly file: number; readonly folder: number }): string {
  const files = `${formatCount(file)} ${file === 1 ? "file" : "files"}`;
  return `${files} and ${formatCount(folder)} ${folder === 1 ? "folder" : "folders"}`;
}
