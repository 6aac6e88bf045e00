/**
 * Makes the pictures in `docs/screens`: sessions typed into the built executable, in real terminals.
 * What differs from one run to the next (folders, times, durations, the ports of clients) is made
 * the same, so that the pictures change only where the program does.
 */
import { cpSync, mkdirSync, realpathSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { TemporaryFolder } from "../tests/support/programs.ts";
import { StallingProxy } from "../tests/support/proxy.ts";
import { build } from "./build.ts";
import { freePort } from "./support/free-port.ts";
import { main } from "./support/main.ts";
import { screenOf } from "./support/screen.ts";
import { drawWindow } from "./support/svg.ts";
import { TerminalSession } from "./support/terminal.ts";

const TOP = join(import.meta.dir, "..");
const SCREENS = join(TOP, "docs", "screens");
const COLUMNS = 88;
const ROWS = 40;
const PROMPT = "\u001b[1;32myou@home\u001b[0m:\u001b[1;34m~/ftp\u001b[0m$ ";
const AT_SHELL = /(?:^|\n)you@home:~\/ftp\$ $/;
const AT_SFTP = /(?:^|\n)sftp(?: \S+)?> $/;
const CTRL_C = "\u0003";
const DIM = "\u001b[2m";
/** How fast a file comes, and when it will be there. */
// oxlint-disable-next-line no-control-regex
const RATE_AND_CLOCK = / *[\d.]+ [KMG]?i?B\/s {2}\u001b\[2m[ \d:]{8}/g;
const MIB = 1024 * 1024;
const FILMS = ["beach.mov", "garden.mov", "sunset.mov"];
/** When all was changed that is listed. */
const CHANGED = new Date("2026-01-15T09:41:00Z");

/** Opens terminals with a shell in them, in which the program is found. */
function opener(home: string, binary: string): () => Promise<TerminalSession> {
  const env = {
    PATH: `${dirname(binary)}${delimiter}${process.env["PATH"] ?? ""}`,
    HOME: home,
    TERM: "xterm-256color",
    TZ: "UTC",
    PS1: PROMPT,
  };
  return async () => {
    const terminal = new TerminalSession(["/bin/sh"], {
      cols: COLUMNS,
      rows: ROWS,
      cwd: home,
      env,
    });
    await terminal.waitFor(AT_SHELL);
    return terminal;
  };
}

/** Two servers, and two clients of the first of them at once. */
async function record(open: () => Promise<TerminalSession>, ports: readonly [number, number]) {
  await using server = await open();
  await using second = await open();
  await using client = await open();
  await using other = await open();
  const [port, secondPort] = ports;

  await server.type(`sftp serve --port ${port}`, /sftp connect \d+\s/);
  await second.type(`sftp serve --port ${secondPort} --root archive`, /sftp connect \d+\s/);
  await client.type("sftp connect", AT_SFTP);
  for (const line of [`open ${port}`, "ls", "get welcome.txt"]) await client.type(line, AT_SFTP);
  await other.type(`sftp connect ${port} -c 'get notes/plan.txt'`, AT_SHELL);
  await server.waitFor(/ disconnected /);
  for (const line of ["put hello.txt", "close"]) await client.type(line, AT_SFTP);
  await server.waitFor(/(?: disconnected [^]*){2}/);
  for (const line of [`open ${secondPort}`, "get report.pdf", "get summary.pdf"]) {
    await client.type(line, AT_SFTP);
  }
  await client.type("quit", AT_SHELL);
  await server.press(CTRL_C, AT_SHELL);
  await second.press(CTRL_C, AT_SHELL);
  return { client: client.output, server: server.output };
}

/** What is typed into one client, and shown. */
async function recordClient(
  open: () => Promise<TerminalSession>,
  command: string,
  lines: readonly string[],
): Promise<string> {
  await using client = await open();
  await client.type(command, AT_SFTP);
  for (const line of lines) await client.type(line, AT_SFTP);
  return client.output;
}

/** The middle of a transfer: the network stands still there until it has been seen. */
async function recordProgress(
  open: () => Promise<TerminalSession>,
  port: number,
): Promise<{ readonly output: string; readonly port: number }> {
  await using proxy = await StallingProxy.start(port, { toClient: 50 * MIB });
  await using client = await open();
  await client.type(`sftp connect ${proxy.port}`, AT_SFTP);
  await client.press(`get *.mov films/\r`, /1\/3 files[^\n]*49\.8 MiB/);
  const { output } = client;
  proxy.release();
  await client.waitFor(AT_SFTP, output.length);
  return { output, port: proxy.port };
}

/** Takes out what differs from run to run. */
function settle(output: string, home: string, ports: readonly number[]): string {
  const clients = new Map<string, string>();
  let line = 0;
  return output
    .replaceAll(home, "/home/you/ftp")
    .replace(/\b(\d{4,5})\b/g, (number) => {
      const index = ports.indexOf(Number(number));
      return index === -1 ? number : String(12_000 + index);
    })
    .replace(/(?<=127\.0\.0\.1:)(?!1200[01]\b)\d+/g, (port) => {
      clients.set(port, clients.get(port) ?? String(50_001 + clients.size));
      return clients.get(port) ?? port;
    })
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, () => {
      line++;
      return `2026-01-15 10:30:${String(line).padStart(2, "0")}`;
    })
    .replace(RATE_AND_CLOCK, `${"24.0 MiB/s".padStart(14)}  ${DIM}${"0:02".padStart(8)}`)
    .replace(/ in [\d.]+ m?s\b(?: \([\d.]+ [KMG]?i?B\/s\))?/g, " in 2 ms");
}

function layOut(home: string): void {
  for (const folder of ["client", "server"])
    cpSync(join(TOP, folder), join(home, folder), { recursive: true });
  const files: Readonly<Record<string, number>> = {
    "archive/report.pdf": 48_211,
    "media/notes/plan.txt": 2160,
    "media/photos/été.jpg": 182_044,
    "media/photos/harbour.jpg": 240_118,
    "media/photos/lighthouse.jpg": 211_930,
    "media/photos/旅行.jpg": 198_007,
    "media/trip.csv": 9120,
    "client/backup/été.jpg": 182_044,
    "client/backup/harbour.jpg": 240_118,
    "client/backup/lighthouse.jpg": 211_930,
    "client/backup/old.jpg": 120_400,
    ...Object.fromEntries(FILMS.map((name) => [`media/${name}`, 32 * MIB])),
  };
  for (const [name, size] of Object.entries(files)) {
    const file = join(home, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, "");
    truncateSync(file, size);
    utimesSync(file, CHANGED, CHANGED);
  }
  for (const folder of ["media/notes", "media/photos"]) {
    utimesSync(join(home, folder), CHANGED, CHANGED);
  }
  mkdirSync(join(home, "server/notes"));
  writeFileSync(
    join(home, "server/notes/plan.txt"),
    "Move everything, verify everything.\n".repeat(60),
  );
}

await main(async () => {
  const binary = await build();
  using folder = new TemporaryFolder();
  const home = realpathSync(folder.path);
  layOut(home);
  const open = opener(home, binary);
  const ports = [await freePort(12_000), await freePort(12_001)] as const;
  const recorded = await record(open, ports);
  await using media = await open();
  const [port, closed] = ports;
  await media.type(`sftp serve --port ${port} --root media`, /sftp connect \d+\s/);
  const at = `sftp connect ${port}`;
  const progress = await recordProgress(open, port);
  const pictures = [
    {
      name: "client",
      output: recorded.client,
      ports,
      title: "sftp connect",
      shows: "A client opens one server, lists, gets and puts files, then opens another server",
    },
    {
      name: "server",
      output: recorded.server,
      ports,
      title: "sftp serve",
      shows: "A server with two clients at once, and what it logs of each",
    },
    {
      name: "listing",
      output: await recordClient(open, at, [
        "ls",
        "ls -l",
        "cd photos",
        "ls -l h* 旅*",
        "stat été.jpg",
      ]),
      ports,
      title: "LS",
      shows: "Files of the server in columns, with sizes and times, and by pattern",
    },
    {
      name: "help",
      output: await recordClient(open, at, ["help"]),
      ports,
      title: "HELP",
      shows: "All commands, by what they are about, each with its words and what it does",
    },
    {
      name: "progress",
      output: progress.output,
      ports: [progress.port],
      title: "GET",
      shows: "A line for the file that comes, and one for all three, each with a bar and a rate",
    },
    {
      name: "mirror",
      output: await recordClient(open, at, [
        "mirror -n --delete photos backup",
        "mirror --delete photos backup",
        "mirror --delete photos backup",
        "lls -l backup",
      ]),
      ports,
      title: "MIRROR",
      shows:
        "A folder is made to hold what one of the server holds, and the second time nothing moves",
    },
    {
      name: "errors",
      output: await recordClient(open, "sftp connect", [
        `open ${closed}`,
        `open ${port}`,
        "gte trip.csv",
        "get trips.csv",
        "get --recurse photos",
        "get photos",
        "mv trip.csv beach.mov",
      ]),
      ports,
      title: "sftp connect",
      shows: "What is wrong is said in one line, with what to do about it",
    },
  ];
  await media.press(CTRL_C, AT_SHELL);
  for (const { name, output, ports: own, title, shows } of pictures) {
    const screen = await screenOf(settle(output, home, own), COLUMNS, ROWS);
    await Bun.write(join(SCREENS, `${name}.svg`), drawWindow(screen, title, shows));
    console.log(`Wrote docs/screens/${name}.svg`);
  }
});
