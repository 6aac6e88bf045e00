import { ask } from "../../client/ask.ts";
import { CommandFailed, Refused } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import { checkAllowed, checkName } from "../allowed.ts";
import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { isRemoteFolder } from "../remote-look.ts";
import { parseRemotePath } from "../remote-path.ts";
import { Several } from "../several.ts";

export const mkdir: Command = {
  name: "MKDIR",
  synonyms: ["MD"],
  usage: "[-p] folder...",
  summary: "make folders, and those above them",
  examples: ["MKDIR notes", "MKDIR -p backup/2026/11", "MKDIR 'my notes'"],
  options: { parents: { letter: "p", means: "be content with a folder that is there already" } },
  words: [1, Infinity],
  async run(words, context, options) {
    const session = requireSession(context);
    const { output, signal, dryRun } = context;
    const several = new Several(context, "MKDIR");
    const content = options.has("parents");
    const make = async (typed: string): Promise<void> => {
      const path = parseRemotePath(typed, context.remoteFolder);
      const shown = path.join("/");
      const isThere = (): Promise<boolean> => isRemoteFolder(context, session, path);
      if (path.length === 0) {
        if (content) return;
        throw new CommandFailed(Status.refused, "The root itself exists already");
      }
      if (dryRun) {
        checkName(path);
        checkAllowed(session, "add");
        if (!(await isThere())) output.say(`Would make ${shown}.`);
        else if (!content) throw new CommandFailed(Status.refused, `${shown} exists already`);
        return;
      }
      try {
        await ask(session, "MKDIR", path, {}, signal);
      } catch (error) {
        const exists = error instanceof Refused && error.word === "exists";
        if (content && exists && (await isThere())) return;
        throw error;
      }
      output.say(`Made ${shown}.`);
      output.observe({ event: "changed", verb: "MKDIR", path: shown });
    };
    for (const { text } of words) await several.try(text, () => make(text));
    several.end();
  },
};
