import { writeSync } from "node:fs";
import { versionLine } from "./cli/version.ts";

const STDOUT = 1;

/**
 * Tells the version without loading the program, or the runtime's streams: that is half of the time
 * that it takes. What cannot be written is told by the program.
 */
function tellVersion([first, ...rest]: readonly string[]): boolean {
  if ((first !== "--version" && first !== "-V") || rest.length > 0) return false;
  try {
    writeSync(STDOUT, `${versionLine()}\n`);
    return true;
  } catch {
    return false;
  }
}

if (tellVersion(process.argv.slice(2))) process.exit(0);
const { run } = await import("./cli/program.ts");
await run();
