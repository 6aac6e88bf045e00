import { versionLine } from "./cli/version.ts";

/**
 * Tells the version without loading the program, the runtime's streams (10 ms) or its node:fs (1 ms,
 * of 5). What cannot be written is told by the program.
 */
async function tellVersion([first, ...rest]: readonly string[]): Promise<boolean> {
  if ((first !== "--version" && first !== "-V") || rest.length > 0) return false;
  try {
    const output = Bun.stdout.writer();
    await Promise.all([output.write(`${versionLine()}\n`), output.flush()]);
    return true;
  } catch {
    return false;
  }
}

if (await tellVersion(process.argv.slice(2))) process.exit(0);
const { run } = await import("./cli/program.ts");
await run();
