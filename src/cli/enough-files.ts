import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { descriptorLimit } from "../storage/local/descriptors.ts";

/** With fewer open files than this neither program comes to its first file. */
const FEWEST = 24;
/** Enough for a thousand connections and their files. */
const ENOUGH = 4096;

/** @throws {CommandFailed} status 1, where the system allows so few open files that nothing works */
export function checkEnoughFiles(allowed = descriptorLimit()): void {
  if (allowed >= FEWEST) return;
  throw new CommandFailed(
    Status.failed,
    `The system allows only ${allowed} open files: raise that with ulimit -n ${ENOUGH}`,
  );
}
