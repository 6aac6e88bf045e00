import { DRY_RUN_OPTION, TRANSFER_OPTIONS } from "../transfer.ts";
import { ASK_OPTION } from "./asking.ts";
import { COMPARE_OPTIONS } from "./same.ts";

/** The options of commands that move files and folders, either way. */
export const MOVING_OPTIONS = {
  recursive: { letter: "r", means: "take folders, with all that is in them" },
  ...COMPARE_OPTIONS,
  ...DRY_RUN_OPTION,
  ...TRANSFER_OPTIONS,
} as const;

/** The same, and to be asked about each file. */
export const ASKING_OPTIONS = { ...ASK_OPTION, ...MOVING_OPTIONS } as const;
