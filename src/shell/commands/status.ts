import { formatAddress } from "../../client/address.ts";
import { formatSeconds, formatSize } from "../../observe/units.ts";
import { visible } from "../../observe/visible.ts";
import type { Command } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { shownPath } from "../remote-look.ts";
import { alignRows } from "../table.ts";

export const status: Command = {
  name: "STATUS",
  synonyms: [],
  usage: "",
  summary: "tell what is connected, and where you are",
  examples: ["STATUS"],
  words: [0, 0],
  async run(_, context) {
    const { output, session, remoteFolder, localFolder } = context;
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
    const rows =
      connection === undefined
        ? [["server", context.lost ? "not connected any more" : "not connected"]]
        : [
            ["server", `${connection.server}, for ${formatSeconds(connection.seconds)}`],
            ["protection", protectionOf(connection)],
            [
              "moved",
              `${formatSize(connection.received)} received, ${formatSize(connection.sent)} sent`,
            ],
            ["its folder", shownPath(remoteFolder)],
          ];
    rows.push(["your folder", localFolder], ["options", optionsOf(context)]);
    const shown = rows.map((row) => row.map(visible));
    output.data(`${alignRows(shown, ["left", "left"]).join("\n")}\n`);
    output.observe({
      event: "status",
      ...(connection === undefined ? {} : { ...connection, remote: remoteFolder.join("/") }),
      local: localFolder,
    });
  },
};

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
