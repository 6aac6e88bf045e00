import type { Options } from "../command.ts";
import type { Comparison } from "./same.ts";

/** How to mirror a folder. */
export interface Mirroring {
  /** Remove what the source lacks. */
  readonly delete: boolean;
  readonly dryRun: boolean;
  readonly comparison: Comparison;
  readonly options: Options;
}
