import { ask } from "../client/ask.ts";
import { CommandFailed, Refused } from "../client/errors.ts";
import type { Link } from "../client/link.ts";
import type { RemoteEntry } from "../client/listing.ts";
import { deleteThere } from "../client/remove.ts";
import { Status } from "../client/status.ts";
import type { Path } from "../protocol/path.ts";
import { encodeText } from "../protocol/text.ts";
import { checkAllowed } from "./allowed.ts";
import type { ShellContext } from "./context.ts";
import { limitsOf, runPool } from "./many/pool.ts";
import { listAll } from "./many/remote-sources.ts";
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
  const entries = await neutrally(path, everythingIn(link, path, signal));
  if (entries.length === 1 && entries[0]?.path === own) {
    await several.try(own, () => removeOne(remover, path));
    return;
  }
  if (dryRun) checkAllowed(link.session, "remove");
  const levels = levelsOf([...entries, { path: own, type: "folder" }]);
  /** Folders that hold something that could not be removed. */
  const kept = new Set<string>();
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
  for (const level of levels) {
    const removable: Entry[] = [];
    for (const entry of level) {
      const reason = whyNot(entry);
      if (reason !== undefined) keep(entry, new CommandFailed(Status.refused, reason));
      else if (!kept.has(entry.path)) removable.push(entry);
    }
    if (dryRun) {
      for (const entry of removable) succeed(entry);
      continue;
    }
    await runPool(
      removable,
      limitsOf(link, Infinity),
      () => 1,
      async (entry) => {
        try {
          await link.run((session) => deleteThere(session, entry.path.split("/"), signal));
        } catch (error) {
          keep(entry, error);
          return;
        }
        succeed(entry);
      },
    );
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
}

type Entry = Pick<RemoteEntry, "path" | "type"> & { readonly reason?: string };

async function everythingIn(link: Link, path: Path, signal: AbortSignal): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of listAll(link, path, true, signal)) {
    entries.push({ ...entry, path: entry.path.join("/") });
  }
  return entries;
}

/** Entries by how deep they lie, the deepest first. */
function levelsOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const levels: Entry[][] = [];
  for (const entry of entries) (levels[entry.path.split("/").length] ??= []).push(entry);
  return levels.filter((level) => level !== undefined).toReversed();
}

function foldersAbove(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function whyNot({ path, type, reason }: Entry): string | undefined {
  if (type === "refused") return `The server does not touch it: ${reason ?? "it does not say why"}`;
  return path.isWellFormed() ? undefined : "Its name is not valid Unicode";
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
  const files = `${file} ${file === 1 ? "file" : "files"}`;
  return `${files} and ${folder} ${folder === 1 ? "folder" : "folders"}`;
}
