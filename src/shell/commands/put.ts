import { CommandFailed, Refused } from "../../client/errors.ts";
import type { Session } from "../../client/session.ts";
import { Status } from "../../client/status.ts";
import { Upload } from "../../client/upload.ts";
import type { Path } from "../../protocol/path.ts";
import type { Command } from "../command.ts";
import { requireSession } from "../context.ts";
import { openLocal, type LocalPlace } from "../local-path.ts";
import { meansFolder, parseRemotePath } from "../remote-path.ts";
import { report } from "../report.ts";
import { transfer, TRANSFER_OPTIONS } from "../transfer.ts";

export const put: Command = {
  name: "PUT",
  synonyms: ["SEND"],
  usage: "local [remote]",
  summary: "send a file to the server",
  examples: ["PUT hello.txt", "PUT hello.txt greetings/hello.txt", "PUT ~/report.pdf"],
  options: TRANSFER_OPTIONS,
  words: [1, 2],
  async run([first, second], context, options) {
    const typedLocal = first?.text ?? "";
    const session = requireSession(context);
    const place = await openLocal(context, typedLocal, { make: false });
    try {
      const remote = await target(session, place, second?.text, context.remoteFolder);
      if (place.path.length === 0 || remote.length === 0) {
        throw new CommandFailed(
          Status.usage,
          `PUT needs the name of a file: type PUT ${put.usage}`,
        );
      }
      const secret = await context.secret();
      const done = await transfer(
        context,
        typedLocal,
        options,
        (how) => new Upload(place.storage, place.path, remote, { ...how, secret }),
      );
      report(context, options, "sent", { remote: remote.join("/"), local: typedLocal }, done);
    } finally {
      await place.close();
    }
  },
};

async function target(
  session: Session,
  place: LocalPlace,
  typed: string | undefined,
  folder: Path,
): Promise<Path> {
  const name = place.path.at(-1);
  if (name === undefined) return [];
  if (typed === undefined) return place.inRoot ? place.path : [name];
  const path = parseRemotePath(typed, folder);
  return meansFolder(typed) || (await isRemoteFolder(session, path)) ? [...path, name] : path;
}

async function isRemoteFolder(session: Session, path: Path): Promise<boolean> {
  try {
    const reply = await session.request("STAT", path, {}).success();
    return reply.fields.get("type") === "folder";
  } catch (error) {
    // Whatever else is wrong with the name, PUT itself tells it better.
    if (error instanceof Refused) return false;
    throw error;
  }
}
