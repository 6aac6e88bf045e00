import { lstatSync, readdirSync, statSync } from "node:fs";
import { fault } from "../../../faults/faults.ts";
import { isAscii } from "../../../platform/names.ts";
import { itemOf, whyRefused } from "../item.ts";
import { BYTES, namesOf, textOf } from "../listed-names.ts";
import { inFolder } from "./calls.ts";
import {
  EXECUTABLE,
  FILE,
  FOLDER,
  MOST_LISTED,
  UNUSUAL,
  VERY_MANY,
  type ListDone,
  type ListJob,
} from "./jobs.ts";
import { within } from "./within.ts";

/**
 * A folder that is larger by itself, in bytes, may hold so many entries that reading their names
 * takes long. The systems in question take between 1 and some 40 bytes for each.
 */
const LARGE_FOLDER = 256 * 1024;

// A job ends with the folder in which it has looked at enough.
const kinds = new Uint8Array(2 * MOST_LISTED);
const sizes = new Float64Array(2 * MOST_LISTED);
const mtimes = new Float64Array(2 * MOST_LISTED);

/**
 * Lists folders, all in one call: an asynchronous call for each entry costs ten times as much, on
 * either side. What is unusual is left to those who can tell what it is.
 */
export function listFolders({ root, tasks }: ListJob): ListDone {
  const outcomes: (number | string | undefined)[] = [];
  let names = "";
  let count = 0;
  for (const { path, names: wanted } of tasks) {
    if (count >= MOST_LISTED) break;
    let outcome: number | string | undefined;
    try {
      inFolder(root, path, (folder) => {
        if (wanted === undefined && isVeryLarge(folder)) {
          outcome = VERY_MANY;
          return;
        }
        const found = wanted === undefined ? namesIn(folder) : namesOf(wanted);
        const text = wanted ?? textOf(found);
        if (found.length > MOST_LISTED) {
          outcome = text;
          return;
        }
        within(folder, (here) => {
          for (const [index, name] of found.entries()) look(`${here}/${name}`, count + index);
        });
        names += text;
        count += found.length;
        outcome = found.length;
      });
    } catch {
      // What is wrong is found and told by those who go the ordinary way.
    }
    outcomes.push(outcome);
    // What is so long is gone on with first.
    if (typeof outcome === "string") break;
  }
  return {
    outcomes,
    names,
    kinds: kinds.slice(0, count),
    sizes: sizes.slice(0, count),
    mtimes: mtimes.slice(0, count),
  };
}

function isVeryLarge(folder: string): boolean {
  if (globalThis.FAULT_LAB) fault("small-list");
  return statSync(`${folder}/.`).size > LARGE_FOLDER;
}

function namesIn(folder: string): string[] {
  if (globalThis.FAULT_LAB) fault("small-list");
  return readdirSync(folder, { encoding: BYTES });
}

function look(path: string, place: number): void {
  kinds[place] = UNUSUAL;
  try {
    if (globalThis.FAULT_LAB) fault("small-list");
    // A text would be taken for what these bytes are as UTF-8.
    const exact = isAscii(path) ? path : Buffer.from(path, BYTES);
    const stat = lstatSync(exact, { bigint: true });
    if (whyRefused(stat) !== undefined) return;
    const { type, size, mtime, exec } = itemOf(stat);
    kinds[place] = type === "folder" ? FOLDER : exec ? EXECUTABLE : FILE;
    sizes[place] = size;
    mtimes[place] = mtime;
  } catch {
    // As above.
  }
}
