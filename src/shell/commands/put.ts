import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import { Upload } from "../../client/upload.ts";
import type { Path } from "../../storage/errors.ts";
import type { Command, Options } from "../command.ts";
import { requireSession, type ShellContext } from "../context.ts";
import {
  isLocalFile,
  isLocalFolder,
  locationOf,
  openLocal,
  type LocalPlace,
} from "../local-path.ts";
import { hintAt } from "../many/hints.ts";
import { checkAsking } from "../many/asking.ts";
import { namesOf, oneFileOf, readOrder } from "../many/destination.ts";
import { leadsElsewhere } from "../many/local-sources.ts";
import { ASKING_OPTIONS, MOVING_OPTIONS } from "../many/options.ts";
import type { Word } from "../parse.ts";
import { isRemoteFolder } from "../remote-look.ts";
import { isNoFile } from "../remote-look.ts";
import { meansFolder, parseRemotePath } from "../remote-path.ts";
import { report } from "../report.ts";
import { isStream, sendStream } from "../streams.ts";
import { linkOf, transferOptions } from "../transfer.ts";

export const put: Command = {
  name: "PUT",
  synonyms: ["SEND"],
  usage: "local... [remote]",
  summary: "send files and folders to the server",
  examples: [
    "PUT hello.txt",
    "PUT hello.txt greetings/hello.txt",
    "PUT ~/*.pdf papers/",
    "PUT -r site",
    "PUT -u -r site www/",
    "PUT - notes.txt",
  ],
  options: MOVING_OPTIONS,
  words: [1, Infinity],
  run: (words, context, options) => putWords(words, { many: false }, context, options),
};

export const mput: Command = {
  name: "MPUT",
  synonyms: [],
  usage: "local... [remote/]",
  summary: "send several files to the server, asking for each with -i",
  examples: ["MPUT *.csv", "MPUT -i a.txt b.txt", "MPUT *.csv data/"],
  options: ASKING_OPTIONS,
  words: [1, Infinity],
  run: (words, context, options) => putWords(words, { many: true }, context, options),
};

async function putWords(
  words: readonly Word[],
  { many }: { readonly many: boolean },
  context: ShellContext,
  options: Options,
): Promise<void> {
  requireSession(context);
  checkAsking(context, options);
  if (words.some(isStream)) {
    const [first, ...others] = words;
    return sendStream(isStream(first) ? others : [], context, options);
  }
  const order = readOrder(words, many);
  const one = oneFileOf(order, context, options);
  try {
    if (one === undefined) {
      // As for GET: one file does without what many need.
      const { putMany } = await import("./put-many.ts");
      await putMany(order, context, options, many ? "MPUT" : "PUT");
    } else await putOne(one, order.target?.text, context, options);
  } catch (error) {
    const isFolder = async (typed: string): Promise<boolean> => {
      const path = parseRemotePath(typed, context.remoteFolder);
      return isRemoteFolder(context, requireSession(context), path);
    };
    const exists = (typed: string): Promise<boolean> => isLocalFile(context, typed);
    await hintAt(context.output, words, order, error, { exists, isFolder });
    throw error;
  }
}

async function putOne(
  { text: typed }: Word,
  typedRemote: string | undefined,
  context: ShellContext,
  options: Options,
): Promise<void> {
  const link = linkOf(context);
  const place = await openLocal(context, typed, { make: false });
  try {
    const remote = await link.run((session) =>
      targetOf(
        typed,
        place,
        typedRemote,
        (path) => isRemoteFolder(context, session, path),
        context,
      ),
    );
    if (place.path.length === 0 || remote.length === 0) {
      throw new CommandFailed(
        Status.usage,
        `PUT needs the name of a file: type PUT ${put.usage}, or PUT -r for a folder`,
      );
    }
    const how = {
      ...transferOptions(context, link, typed, options),
      secret: await context.secret(),
    };
    const work = new Upload(place.storage, place.path, remote, how);
    const done = await link
      .run((session) => work.attempt(session))
      .catch(async (error: unknown) => {
        if (!isNoFile(error) || !(await isLocalFolder(context, typed))) throw error;
        throw new CommandFailed(Status.refused, `${typed} is a folder: PUT -r sends all of it`);
      });
    report(
      context,
      options,
      "sent",
      { remote: remote.join("/"), local: typed, at: locationOf(place) },
      done,
    );
  } finally {
    await place.close();
  }
}

async function targetOf(
  typed: string,
  place: LocalPlace,
  typedRemote: string | undefined,
  isFolder: (path: Path) => Promise<boolean>,
  { remoteFolder }: ShellContext,
): Promise<Path> {
  const { alone, within } = namesOf(typed, place.path, leadsElsewhere(typed));
  if (typedRemote === undefined) return [...remoteFolder, ...alone];
  const path = parseRemotePath(typedRemote, remoteFolder);
  return meansFolder(typedRemote) || (await isFolder(path)) ? [...path, ...within] : path;
}
