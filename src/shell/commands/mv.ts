import { ask } from "../../client/ask.ts";
import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Path } from "../../protocol/path.ts";
import type { Command } from "../command.ts";
import { checkAllowed, checkName } from "../allowed.ts";
import { requireSession } from "../context.ts";
import { expandRemote } from "../expand.ts";
import { checkMovable, isRemoteFolder, lookAt, neutrally } from "../remote-look.ts";
import { meansFolder, parseRemotePath } from "../remote-path.ts";
import { Several } from "../several.ts";

export const mv: Command = {
  name: "MV",
  synonyms: ["RENAME", "REN"],
  usage: "source... target",
  summary: "move or rename on the server",
  examples: ["MV draft.txt final.txt", "MV *.txt archive/", "MV 'my notes' notes"],
  notes: ["Into the target where that is a folder or ends in /. Never over what exists."],
  words: [2, Infinity],
  async run(words, context) {
    const session = requireSession(context);
    const { output, signal, dryRun, remoteFolder } = context;
    const target = words.at(-1)?.text ?? "";
    const to = parseRemotePath(target, remoteFolder);
    const intoFolder = meansFolder(target) || (await isRemoteFolder(context, session, to));
    const several = new Several(context, "MV");
    const moveOne = async (from: Path): Promise<void> => {
      checkMovable(context, from, "moved");
      const path = intoFolder ? [...to, ...from.slice(-1)] : to;
      const shown = { from: from.join("/"), to: path.join("/") };
      if (dryRun) {
        await lookAt(context, session, from);
        checkName(path);
        checkAllowed(session, "remove");
        output.say(`Would move ${shown.from} to ${shown.to}.`);
        return;
      }
      await neutrally(from, ask(session, "RENAME", from, { to: path }, signal));
      output.say(`Moved ${shown.from} to ${shown.to}.`);
      output.observe({ event: "changed", verb: "RENAME", path: shown.from, to: shown.to });
    };
    const sources = await expandRemote(context, session, words.slice(0, -1), several);
    if (!intoFolder && (words.length > 2 || sources.length > 1)) {
      throw new CommandFailed(
        Status.refused,
        `${target} is no folder, and nothing else can take several files`,
      );
    }
    for (const { name, path } of sources) await several.try(name, () => moveOne(path));
    several.end();
  },
};
