import type { NewSmallFile } from "../../storage.ts";
import type { Twins } from "../twins.ts";
import { placesOf, type Group } from "./groups.ts";
import { packNew, type NewFile, type StoreJob } from "./jobs.ts";

/** What 64 files of 4 KiB take: less is not asked for, so that it serves the next ones, too. */
const ROOM = 64 * 4096;
/** So many wait to be used again at the most: 4 MiB, where each has the largest files. */
const MOST_ROOMS = 4;

/** What the thread is told of files that are to be stored. */
export function storeJobOf(
  groups: readonly Group[],
  all: readonly NewSmallFile[],
  twins: Twins,
): Pick<StoreJob, "folders" | "names" | "files" | "bytes"> {
  const contents: Uint8Array[] = [];
  const files: NewFile[] = [];
  for (const { parents, places } of groups) {
    const isExact = twins.exactIn(parents);
    for (const place of places) {
      const file = all[place];
      if (file === undefined) continue;
      const { path, content, attributes } = file;
      contents.push(content);
      files.push({ size: content.length, attributes, replace: isExact(path.at(-1) ?? "") });
    }
  }
  const where = placesOf(groups, (place) => all[place]?.path.at(-1));
  return { ...where, files: packNew(files), bytes: joined(contents) };
}

/** Memory that the thread has given back: to use it again costs no page faults. */
const rooms: Uint8Array<ArrayBuffer>[] = [];

/** In memory of its own, which the thread is given. */
function joined(contents: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const room = rooms.pop();
  const isEnough = room !== undefined && room.length >= length;
  const bytes = isEnough ? room : new Uint8Array(Math.max(length, ROOM));
  let end = 0;
  for (const content of contents) {
    bytes.set(content, end);
    end += content.length;
  }
  return bytes;
}

/** Takes back what a job had, to be used for another. */
export function useAgain(room: Uint8Array<ArrayBuffer>): void {
  if (rooms.length < MOST_ROOMS) rooms.push(room);
}
