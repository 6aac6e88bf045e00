import { Download } from "../../client/download.ts";
import { CommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Path } from "../../storage/errors.ts";
import type { Command, Options } from "../command.ts";
import { requireSession, type ShellContext } from "../context.ts";
import {
  into,
  isLocalFolder,
  locationOf,
  openLocal,
  openLocalFolder,
  type LocalPlace,
} from "../local-path.ts";
import { hintAt } from "../many/hints.ts";
import { isNoFile, isRemoteFolder, isThere } from "../remote-look.ts";
import { checkAsking } from "../many/asking.ts";
import { namesOf, oneFileOf, readOrder } from "../many/destination.ts";
import { ASKING_OPTIONS, MOVING_OPTIONS } from "../many/options.ts";
import type { Word } from "../parse.ts";
import { meansFolder, parseRemotePath } from "../remote-path.ts";
import { report } from "../report.ts";
import { isStream, receiveStream } from "../streams.ts";
import { linkOf, transferOptions } from "../transfer.ts";

export const get: Command = {
  name: "GET",
  synonyms: ["RECV"],
  usage: "remote... [local]",
  summary: "get files and folders from the server",
  examples: [
    "GET welcome.txt",
    "GET report.pdf 'my report.pdf'",
    "GET *.csv **/*.log data/",
    "GET -r photos",
    "GET -u -r photos backup/",
    "GET notes.txt -",
  ],
  options: MOVING_OPTIONS,
  words: [1, Infinity],
  run: (words, context, options) => getWords(words, { many: false }, context, options),
};

export const mget: Command = {
  name: "MGET",
  synonyms: [],
  usage: "remote... [local/]",
  summary: "get several files from the server, asking for each with -i",
  examples: ["MGET *.csv", "MGET -i a.txt b.txt", "MGET *.csv data/"],
  options: ASKING_OPTIONS,
  words: [1, Infinity],
  run: (words, context, options) => getWords(words, { many: true }, context, options),
};

async function getWords(
  words: readonly Word[],
  { many }: { readonly many: boolean },
  context: ShellContext,
  options: Options,
): Promise<void> {
  requireSession(context);
  checkAsking(context, options);
  if (words.length > 1 && isStream(words.at(-1))) {
    return receiveStream(words.slice(0, -1), context, options);
  }
  const order = readOrder(words, many);
  const one = oneFileOf(order, context, options);
  try {
    if (one === undefined) {
      // Most of what a start loads costs time in proportion to its size: one file goes without.
      const { getMany } = await import("./get-many.ts");
      await getMany(order, context, options, many ? "MGET" : "GET");
    } else await getOne(one, order.target?.text, context, options);
  } catch (error) {
    const isFolder = (typed: string): Promise<boolean> => isLocalFolder(context, typed);
    const exists = async (typed: string): Promise<boolean> => {
      const path = parseRemotePath(typed, context.remoteFolder);
      return isThere(context, requireSession(context), path);
    };
    await hintAt(context.output, words, order, error, { exists, isFolder });
    throw error;
  }
}

async function getOne(
  { text: typed }: Word,
  typedLocal: string | undefined,
  context: ShellContext,
  options: Options,
): Promise<void> {
  const remote = parseRemotePath(typed, context.remoteFolder);
  const name = remote.at(-1);
  if (name === undefined) {
    throw new CommandFailed(
      Status.usage,
      `GET needs the name of a file: type GET ${get.usage}, or GET -r for a folder`,
    );
  }
  let target = typedLocal;
  let place: LocalPlace;
  if (target === undefined) {
    const { alone } = namesOf(typed, remote, false);
    target = alone.join("/");
    const here = await openLocalFolder(context, ".", { make: true, durable: context.durable });
    place = { ...here, path: [...here.path, ...alone] };
  } else {
    const make = meansFolder(target);
    if (await isLocalFolder(context, target)) target = into(target, name);
    place = await openLocal(context, target, { make, durable: context.durable });
  }
  try {
    const link = linkOf(context);
    const shown = remote.join("/");
    const how = transferOptions(context, link, shown, options);
    const work = new Download(remote, place.storage, place.path, how);
    const done = await link
      .run((session) => work.attempt(session))
      .catch(async (error: unknown) => {
        const isFolder = (path: Path): Promise<boolean> =>
          isRemoteFolder(context, link.session, path);
        if (!isNoFile(error) || !(await isFolder(remote))) throw error;
        throw new CommandFailed(Status.refused, `${shown} is a folder: GET -r takes all of it`);
      });
    report(
      context,
      options,
      "received",
      { remote: shown, local: target, at: locationOf(place) },
      done,
    );
  } finally {
    await place.close();
  }
}
