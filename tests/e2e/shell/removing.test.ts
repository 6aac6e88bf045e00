import { test } from "bun:test";
import { PlayedServer } from "../../support/played-server.ts";
import { TemporaryFolder } from "../../support/programs.ts";
import { block } from "../../support/wire.ts";
import { TerminalProgram } from "../../support/terminal.ts";

const CTRL_C = "\u0003";
const GREETING = "220 protocol=1 server=x auth=none pipeline=1024\n";
const FILES = 1500;
const REMOVED = 1234;

test("RM -r at a terminal shows how far it is, and tells at Ctrl-C what is gone", async () => {
  using folder = new TemporaryFolder();
  let asked = 0;
  await using server = await PlayedServer.start((line) => {
    if (line === undefined) return GREETING;
    if (line.startsWith("LIST")) {
      const listing = Array.from({ length: FILES }, (_, n) =>
        JSON.stringify({ path: `t/f${n}`, type: "file", size: 1, mtime: 0 }),
      );
      const entries = Buffer.from(`${listing.join("\n")}\n`);
      return Buffer.concat([Buffer.from("150\n"), block(entries), Buffer.from("226\n")]);
    }
    if (line.startsWith("DELETE")) return asked++ < REMOVED ? "250\n" : "";
    if (!line.startsWith("ABORT")) return "221\n";
    return `${"426 aborted Cancelled\n".repeat(asked - REMOVED)}225\n`;
  });
  await using shell = new TerminalProgram(["connect", String(server.port)], folder.path);
  await shell.waitFor(/> [^\n]*$/);
  shell.press("rm -r t\r");
  await shell.waitToSee(/^1,234\/1,501 .* 82%/m);
  shell.press(CTRL_C);
  await shell.waitToSee(/^RM t: Interrupted: 1,234 files and 0 folders of t are removed$/m);
});
