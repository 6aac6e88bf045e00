/**
 * Makes the pictures in `docs/screens`: sessions typed into the built executable, in real terminals.
 * What differs from one run to the next (folders, times, durations, the ports of clients) is made
 * the same, so that the pictures change only where the program does.
 */
import { cpSync, mkdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { TemporaryFolder } from "../tests/support/programs.ts";
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

/** Two servers, and two clients of the first of them at once. */
async function record(home: string, binary: string, ports: readonly [number, number]) {
  const env = {
    PATH: `${dirname(binary)}${delimiter}${process.env["PATH"] ?? ""}`,
    HOME: home,
    TERM: "xterm-256color",
    PS1: PROMPT,
  };
  const open = async (): Promise<TerminalSession> => {
    const terminal = new TerminalSession(["/bin/sh"], {
      cols: COLUMNS,
      rows: ROWS,
      cwd: home,
      env,
    });
    await terminal.waitFor(AT_SHELL);
    return terminal;
  };
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

/** Takes out what differs from run to run. */
function settle(output: string, home: string, ports: readonly [number, number]): string {
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
    .replace(/ in [\d.]+ m?s\b(?: \([\d.]+ [KMG]?i?B\/s\))?/g, " in 2 ms");
}

function layOut(home: string): void {
  for (const folder of ["client", "server"])
    cpSync(join(TOP, folder), join(home, folder), { recursive: true });
  for (const folder of ["server/notes", "archive"]) mkdirSync(join(home, folder));
}

await main(async () => {
  const binary = await build();
  using folder = new TemporaryFolder();
  const home = realpathSync(folder.path);
  layOut(home);
  await Bun.write(
    join(home, "server/notes/plan.txt"),
    "Move everything, verify everything.\n".repeat(60),
  );
  await Bun.write(join(home, "archive/report.pdf"), new Uint8Array(48_211));
  const ports = [await freePort(12_000), await freePort(12_001)] as const;
  const recorded = await record(home, binary, ports);
  const pictures = [
    [
      "client",
      "sftp connect",
      "A client opens one server, lists, gets and puts files, then opens another server",
    ],
    ["server", "sftp serve", "A server with two clients at once, and what it logs of each"],
  ] as const;
  for (const [name, title, description] of pictures) {
    const screen = await screenOf(settle(recorded[name], home, ports), COLUMNS, ROWS);
    await Bun.write(join(SCREENS, `${name}.svg`), drawWindow(screen, title, description));
    console.log(`Wrote docs/screens/${name}.svg`);
  }
});
