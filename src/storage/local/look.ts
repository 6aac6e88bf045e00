import { lstat, readdir } from "node:fs/promises";
import { StorageError, type Path } from "../errors.ts";
import type { Entry } from "../storage.ts";
import { errnoOf, fromSystem } from "./errno.ts";
import { withFolder, type Folder } from "./folder.ts";
import { itemOf, whyRefused } from "./item.ts";
import { BYTES, ListedNames, namesOf, refused, textOf } from "./listed-names.ts";

/**
 * The names in a folder, as `textOf` has them.
 * @throws {StorageError}
 */
export async function readNames(root: Folder, path: Path): Promise<string> {
  return withFolder(root, path, {}, async ({ self }) =>
    textOf(await readdir(self, { encoding: BYTES })),
  );
}

/**
 * Looks at some of a folder's entries, all at the same time.
 * @param names as `textOf` has them
 * @throws {StorageError} where the folder cannot be had
 */
export async function lookAt(root: Folder, path: Path, names: string): Promise<Entry[]> {
  return withFolder(root, path, {}, async (folder) => {
    const judge = new ListedNames(path);
    const looked = namesOf(names).map((name) => look(folder, judge, name));
    return (await Promise.all(looked)).filter((entry) => entry !== undefined);
  });
}

async function look(
  folder: Folder,
  judge: ListedNames,
  listed: string,
): Promise<Entry | undefined> {
  const judged = judge.judge(listed);
  if (judged === undefined || "reason" in judged) return judged;
  const { path } = judged;
  try {
    const stat = await lstat(folder.entry(path.at(-1) ?? ""), { bigint: true });
    const reason = whyRefused(stat);
    return reason === undefined ? { path, ...itemOf(stat) } : refused(path, reason);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    const failure = fromSystem(error, path);
    if (!(failure instanceof StorageError)) throw failure;
    return refused(path, whyNot(failure));
  }
}

/** Why an entry cannot be served, as a listing tells it. */
export function whyNot({ problem }: StorageError): string {
  return problem === "not-found" ? "it vanished" : problem;
}
