import { MAX_LINE, MOST_TOGETHER } from "../protocol/limits.ts";
import { encodePath, type Path } from "../protocol/path.ts";
import { encodeText } from "../protocol/text.ts";
import { areInOneFolder } from "../storage/same-folder.ts";

/** A file that the server has, or is to have. */
interface Remote {
  readonly remote: Path;
}

/** The rest of a line that names files: verb, key and blanks, with some to spare. */
const MAX_NAMES = MAX_LINE - 64;

/** Fewer files are asked for one by one: a server need not have them in a pack. */
const WORTH_A_PACK = 8;

/** What is asked for in packs, and what is not. */
export interface Sorted<F> {
  readonly packs: readonly Pack<F>[];
  readonly others: readonly F[];
}

/** Files of one folder that are asked for as one. */
export interface Pack<F> {
  readonly folder: Path;
  readonly names: string[];
  readonly files: F[];
  /** Characters that the line has for what it names. */
  length: number;
}

/** Makes packs of files that come one behind the other and are in one folder, if they are enough. */
export function packed<F extends Remote>(files: readonly F[]): Sorted<F> {
  const all = packsOf(files);
  const isWorth = ({ files: { length } }: Pack<F>): boolean => length >= WORTH_A_PACK;
  return {
    packs: all.filter(isWorth),
    others: all.filter((pack) => !isWorth(pack)).flatMap((pack) => pack.files),
  };
}

/** Makes none. */
export function unpacked<F>(files: readonly F[]): Sorted<F> {
  return { packs: [], others: files };
}

function packsOf<F extends Remote>(files: readonly F[]): Pack<F>[] {
  const packs: Pack<F>[] = [];
  let last: Pack<F> | undefined;
  let lastPath: Path = [];
  for (const file of files) {
    const { remote } = file;
    const name = remote.at(-1) ?? "";
    const length = encodeText(name).length + 1;
    const isFull =
      last === undefined ||
      last.length + length > MAX_NAMES ||
      last.files.length === MOST_TOGETHER ||
      !areInOneFolder(remote, lastPath);
    if (last === undefined || isFull) {
      const folder = remote.slice(0, -1);
      last = { folder, names: [], files: [], length: encodePath(folder).length };
      packs.push(last);
    }
    last.names.push(name);
    last.files.push(file);
    last.length += length;
    lastPath = remote;
  }
  return packs;
}
