/** For how long this process remembers what it has made: longer than anything is relied upon, in ms. */
const REMEMBERED_MS = 30_000;

/**
 * What this process has seen and made in a bucket, by whole keys. All that have a root in the bucket
 * share it: one may lie in another, and then what is done in one changes the other. Times are of
 * `performance.now()`.
 */
export class Remembered {
  /** Names under which there was no file, and when that was seen. */
  readonly noFiles = new Map<string, number>();
  /** Looks for a file that are under way, and when they began. */
  readonly looks = new Map<string, { readonly isFile: Promise<boolean>; readonly since: number }>();
  /** The same for markers of folders that are put. */
  readonly markers = new Map<string, { readonly put: Promise<void>; readonly since: number }>();
  /** When this process made a file of a name, or a folder. */
  readonly madeFiles = new Map<string, number>();
  readonly madeFolders = new Map<string, number>();
  /** Which names in a folder are folders, by the key of the folder; none where there are too many. */
  readonly folders = new Map<
    string,
    { readonly names: Promise<ReadonlySet<string> | undefined>; until: number }
  >();
}

/** Notes when something was with a name, and forgets what is old. */
export function remember(names: Map<string, number>, name: string, now: number): void {
  // Behind the newer ones, so that the oldest come first.
  names.delete(name);
  names.set(name, now);
  for (const [oldest, at] of names) {
    if (now - at < REMEMBERED_MS) break;
    names.delete(oldest);
  }
}
