import { Download } from "../../client/download.ts";
import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { into, isLocalFolder, openLocal } from "../local-path.ts";
import { meansFolder, parseRemotePath } from "../remote-path.ts";
import { report } from "../report.ts";
import { transfer, TRANSFER_OPTIONS } from "../transfer.ts";

export const get: Command = {
  name: "GET",
  synonyms: ["RECV"],
  usage: "remote [local]",
  summary: "get a file from the server",
  examples: ["GET welcome.txt", "GET notes/report.pdf", "GET report.pdf 'my report.pdf'"],
  options: TRANSFER_OPTIONS,
  words: [1, 2],
  async run([first, second], context, options) {
    const typedLocal = second?.text;
    requireSession(context);
    const remote = parseRemotePath(first?.text ?? "", context.remoteFolder);
    const name = remote.at(-1);
    if (name === undefined) {
      throw new CommandFailed(Status.usage, `GET needs the name of a file: type GET ${get.usage}`);
    }
    let target = typedLocal ?? remote.join("/");
    if (typedLocal !== undefined && (await isLocalFolder(context, typedLocal))) {
      target = into(typedLocal, name);
    }
    const make = typedLocal !== undefined && meansFolder(typedLocal);
    const place =
      typedLocal === undefined
        ? { storage: context.root, path: remote, close: async () => undefined }
        : await openLocal(context, target, { make, durable: context.durable });
    try {
      const shown = remote.join("/");
      const done = await transfer(
        context,
        shown,
        options,
        (how) => new Download(remote, place.storage, place.path, how),
      );
      report(context, options, "received", { remote: shown, local: target }, done);
    } finally {
      await place.close();
    }
  },
};
