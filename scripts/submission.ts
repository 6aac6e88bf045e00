/** Writes `dist/submission.zip`, with the program for this system. */
import { join } from "node:path";
import { build } from "./build.ts";
import { systemName } from "./release/targets.ts";
import { packSubmission } from "./submission/submission.ts";
import { main } from "./support/main.ts";

const ZIP = join(import.meta.dir, "..", "dist", "submission.zip");

await main(async () => {
  const zip = await packSubmission(new Map([[systemName(), await build()]]), "best");
  await Bun.write(ZIP, zip);
  const size = (zip.length / 1_000_000).toFixed(1);
  console.log(`Wrote ${ZIP}: ${size} MB, with the program for ${systemName()}`);
});
