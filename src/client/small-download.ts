import type { Path } from "../protocol/path.ts";
import type { NewSmallFile } from "../storage/storage.ts";
import type { Refused } from "./errors.ts";

/** A small file that is to be got. */
export interface SmallDownload {
  readonly remote: Path;
  readonly local: Path;
}

/** A small file that came whole, and is verified. */
export interface Whole extends Omit<NewSmallFile, "path"> {
  /** Its digest, computed where it is wanted: before the memory is given back. */
  readonly digest: () => bigint;
  /** Gives the content's memory back. */
  readonly release?: (() => void) | undefined;
}

/** Who is told what comes. */
export interface Taker<F> {
  came(file: F, whole: Whole): void;
  /** The server does not give it. */
  refused(file: F, refused: Refused): void;
}
