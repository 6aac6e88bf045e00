import { join } from "node:path";
import { completionScript } from "../../src/cli/completion-scripts.ts";
import type { SHELLS } from "../../src/cli/completion-shells.ts";
import { tableOf } from "../../src/cli/completion-table.ts";
import { definitions } from "../../src/cli/commands.ts";
import { manualPage } from "../man.ts";
import { notices } from "./notices.ts";

const TOP = join(import.meta.dir, "../..");

type Shell = (typeof SHELLS)[number];

/** What goes with every binary. */
export interface Companions {
  readonly license: string;
  /** The licences of what others have written. */
  readonly notices: string;
  readonly manual: string;
  readonly completions: Readonly<Record<Shell, string>>;
}

export async function readCompanions(): Promise<Companions> {
  const table = await tableOf(definitions());
  return {
    license: await Bun.file(join(TOP, "LICENSE")).text(),
    notices: notices(),
    manual: await manualPage(),
    completions: {
      bash: completionScript("bash", table),
      zsh: completionScript("zsh", table),
      fish: completionScript("fish", table),
    },
  };
}
