import type { Path } from "../../errors.ts";
import { areInOneFolder } from "../../same-folder.ts";
import { MOST_TOGETHER, type InFolder } from "./jobs.ts";

/** Files of one folder, one behind the other as they were asked for. */
export interface Group {
  readonly parents: Path;
  /** The folder's path as text. */
  readonly key: string;
  /** Their places among all. */
  readonly places: number[];
}

/**
 * The files of each job, in groups. They keep their order: a folder is reached once for those of it
 * that come one behind the other.
 * @param judgeIn of a folder, which names in it are taken; the others are left out
 * @param isTaken which places are
 */
export function inJobs(
  paths: readonly Path[],
  judgeIn: (folder: Path) => (name: string) => boolean,
  isTaken: (place: number) => boolean = () => true,
): (readonly Group[])[] {
  const jobs: (readonly Group[])[] = [];
  for (let from = 0; from < paths.length; from += MOST_TOGETHER) {
    const groups: Group[] = [];
    let last: Group | undefined;
    let lastPath: Path = [];
    let isTakenName: (name: string) => boolean = () => false;
    for (let place = from; place < Math.min(paths.length, from + MOST_TOGETHER); place++) {
      const path = paths[place] ?? [];
      const name = path.at(-1);
      if (name === undefined || !isTaken(place)) continue;
      if (last === undefined || !areInOneFolder(path, lastPath)) {
        const parents = path.slice(0, -1);
        last = { parents, key: parents.join("/"), places: [] };
        groups.push(last);
        isTakenName = judgeIn(parents);
      }
      lastPath = path;
      if (isTakenName(name)) last.places.push(place);
    }
    const taken = groups.filter(({ places }) => places.length > 0);
    if (taken.length > 0) jobs.push(taken);
  }
  return jobs;
}

/** Where files are, as the thread is told of it. */
export function placesOf(
  groups: readonly Group[],
  nameOf: (place: number) => string | undefined,
): { readonly folders: readonly InFolder[]; readonly names: string } {
  const folders = groups.map(({ parents, places }) => ({ parents, count: places.length }));
  const names = groups.flatMap(({ places }) => places.map(nameOf));
  return { folders, names: names.join("/") };
}
