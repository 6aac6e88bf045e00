import { formatAddress } from "../../client/address.ts";
import { formatCount, formatSeconds, formatSize } from "../../observe/units.ts";
import { visible } from "../../observe/visible.ts";
import { rightsOf } from "../allowed.ts";
import type { Storage } from "../../storage/storage.ts";
import type { Command } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { fold, screenWidth, setIn } from "../fold.ts";
import { shownPath } from "../remote-look.ts";
import { alignRows } from "../table.ts";
import { joined, marked } from "../text.ts";

/** How wide the column of labels is, with the gap behind it. */
const LABELS = 13;

export const status: Command = {
  name: "STATUS",
  synonyms: [],
  usage: "",
  summary: "tell what is connected, and where you are",
  examples: ["STATUS"],
  words: [0, 0],
  async run(_, context) {
    const { output, session, remoteFolder, localFolder, root } = context;
    const connection =
      session === undefined
        ? undefined
        : {
            server: formatAddress(session.address),
            seconds: (performance.now() - session.since) / 1000,
            received: session.connection.received,
            sent: session.connection.sent,
            encrypted: session.user !== undefined,
            ...(session.user === undefined ? {} : { user: session.user }),
          };
    const rights = session === undefined ? undefined : rightsOf(session);
    const rows =
      connection === undefined
        ? [["server", context.lost !== undefined ? "not connected any more" : "not connected"]]
        : [
            ["server", `${connection.server}, for ${formatSeconds(connection.seconds)}`],
            ["protection", protectionOf(connection)],
            [
              "moved",
              `${formatSize(connection.received)} received, ${formatSize(connection.sent)} sent`,
            ],
            ...(rights === undefined ? [] : [["rights", rights]]),
            ["its folder", shownPath(remoteFolder)],
          ];
    rows.push(["your folder", localFolder]);
    const interrupted = await interruptedIn(root);
    if (interrupted !== undefined) rows.push(["interrupted", describeInterrupted(interrupted)]);
    rows.push(["options", optionsOf(context)]);
    const width = screenWidth();
    const room = width === undefined ? undefined : width - LABELS;
    const shown = rows.map(([label = "", value = ""]) => [
      marked("secondary", label),
      setIn(fold(visible(value), room, 0), LABELS),
    ]);
    output.data(joined([...alignRows(shown, ["left", "left"]), ""], "\n"));
    output.observe({
      event: "status",
      ...(connection === undefined ? {} : { ...connection, remote: remoteFolder.join("/") }),
      local: localFolder,
      ...interrupted,
    });
  },
};

/** What interrupted downloads have left to go on with; `undefined` where that is nothing. */
interface LeftHere {
  /** How many. */
  readonly interrupted: number;
  /** Bytes of them. */
  readonly held: number;
}

async function interruptedIn(root: Storage): Promise<LeftHere | undefined> {
  // Where that cannot be looked at, all else is told all the same.
  const left = (await root.leftovers?.().catch(() => [])) ?? [];
  if (left.length === 0) return undefined;
  return { interrupted: left.length, held: left.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function describeInterrupted({ interrupted, held }: LeftHere): string {
  const downloads = interrupted === 1 ? "1 download" : `${formatCount(interrupted)} downloads`;
  return `${downloads}, of which ${formatSize(held)} are here to go on with`;
}

/** An encrypted connection is one that has logged in, and the other way round. */
function protectionOf({ user }: { readonly user?: string }): string {
  return user === undefined ? "neither encrypted nor logged in" : `encrypted, logged in as ${user}`;
}

function optionsOf({ connecting, retries, durable, dryRun, verbose }: ShellContext): string {
  return [
    `--timeout ${connecting.timeout / 1000}`,
    `--retries ${retries}`,
    ...(durable ? ["--durable"] : []),
    ...(dryRun ? ["--dry-run"] : []),
    ...(verbose ? ["--verbose"] : []),
  ].join(", ");
}
