import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { StorageError } from "../storage/errors.ts";
import { errnoOf, fromSystem } from "../storage/local/errno.ts";
import { resolveTyped, type LocalSide } from "./local-path.ts";

/**
 * What lies where the user pointed on this side; a link is followed.
 * @throws {StorageError} with what was typed as its path
 */
export async function lookAtLocal(side: LocalSide, typed: string): Promise<Stats> {
  try {
    return await stat(resolveTyped(side, typed));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw fromSystem(error, [typed]);
    if (typed === ".") {
      const { localFolder } = side;
      throw new StorageError("not-found", [typed], () => `The folder ${localFolder} is gone`);
    }
    throw new StorageError("not-found", [typed], (name) => `There is no file or folder ${name}`);
  }
}
