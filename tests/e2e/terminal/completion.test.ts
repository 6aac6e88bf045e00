import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { until, write } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { SilentServer } from "../../support/silent-server.ts";
import type { SeenProgram } from "../../support/seen.ts";
import { KEY, promptWith, startTyping, typeLine } from "../../support/typing.ts";

/** Types something, presses Tab, and waits for what then stands there; then takes it back. */
async function completes(
  shell: SeenProgram,
  port: number | undefined,
  typed: string,
  whole: string,
): Promise<void> {
  shell.press(`${typed}${KEY.tab}`);
  await shell.standsAt(promptWith(port, whole));
  shell.press(KEY.ctrlU);
  await shell.standsAt(promptWith(port));
}

test("Tab completes commands, options and the names of both sides, quoted where needed", async () => {
  using folder = new TemporaryFolder();
  for (const name of ["welcome.txt", "my notes/two words.txt", "it's", "star*", "Grüße 日本"]) {
    write(folder.join("server", name), "");
  }
  write(folder.join("client/upload me.txt"), "");
  write(folder.join("client/photos/one.jpg"), "");
  write(folder.join("config/sftp/config.toml"), '[servers.work]\naddress = "127.0.0.1:1"\n');
  await using server = await ServerProcess.start(folder.join("server"));
  const { port } = server;
  await using shell = startTyping(folder);
  await shell.standsAt(promptWith(undefined));
  await completes(shell, undefined, "OPEN wo", "OPEN work ");
  await completes(shell, undefined, "GET wel", "GET wel");
  shell.press(`OPEN ${port}\r`);
  await shell.standsAt(promptWith(port));
  await completes(shell, port, "mir", "mirror ");
  await completes(shell, port, "GET --rec", "GET --recursive ");
  await completes(shell, port, "GET wel", "GET welcome.txt ");
  await completes(shell, port, "GET my", "GET my\\ notes/");
  await completes(shell, port, "GET my\\ notes/", "GET my\\ notes/two\\ words.txt ");
  await completes(shell, port, "GET 'my notes/", "GET 'my notes/two words.txt' ");
  await completes(shell, port, 'GET "my n', 'GET "my notes/');
  await completes(shell, port, "GET it", "GET it\\'s ");
  await completes(shell, port, "GET 'it", "GET 'it'\\''s' ");
  await completes(shell, port, "LS st", "LS star\\* ");
  await completes(shell, port, "STAT Gr", "STAT Grüße\\ 日本 ");
  await completes(shell, port, "CD m", "CD my\\ notes/");
  await completes(shell, port, "CD wel", "CD wel");
  await completes(shell, port, "PUT up", "PUT upload\\ me.txt ");
  await completes(shell, port, "PUT upload\\ me.txt m", "PUT upload\\ me.txt my\\ notes/");
  await completes(shell, port, "LCD ph", "LCD photos/");
  await completes(shell, port, "!cat up", "!cat upload\\ me.txt ");
  await completes(shell, port, "!wc -l <pho", "!wc -l <photos/");
  await completes(
    shell,
    port,
    "!LC_ALL=C ls|grep -c x 'upl",
    "!LC_ALL=C ls|grep -c x 'upload me.txt' ",
  );
  await completes(shell, port, "!printen", "!printenv ");
  // What was completed is what is fetched.
  shell.press(`GET it${KEY.tab}`);
  await shell.standsAt(promptWith(port, "GET it\\'s "));
  shell.press(KEY.enter);
  await shell.shows(/GET it's: 0 B in .*, verified/);
  // Where there are several, they are shown, and the line stays.
  shell.press(`GET ${KEY.tab}`);
  await shell.shows(/^Grüße 日本 +it's +my notes\/ +star\* +welcome\.txt$/m);
  await shell.standsAt(promptWith(port, "GET "));
});

test("names are asked for again behind a command that changes something", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/one.txt"), "");
  await using server = await ServerProcess.start(folder.join("server"));
  const { port } = server;
  await using shell = startTyping(folder, String(port));
  await shell.standsAt(promptWith(port));
  await completes(shell, port, "GET o", "GET one.txt ");
  // Nobody has asked since: what came a moment ago still counts.
  write(folder.join("server/other.txt"), "");
  await completes(shell, port, "GET o", "GET one.txt ");
  await typeLine(shell, port, "MKDIR oven");
  shell.press(`GET o${KEY.tab}`);
  await shell.shows(/^one\.txt +other\.txt +oven\/$/m);
  rmSync(folder.join("server/other.txt"));
});

test("a hostile name reaches the terminal neither in the line nor in what there is to choose", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a\u001b]0;owned\u0007b"), "");
  write(folder.join("server/ab\u202etxt"), "");
  write(folder.join("server/axe"), "");
  write(folder.join("client/a\u001b[31mred"), "");
  await using server = await ServerProcess.start(folder.join("server"));
  const { port } = server;
  await using shell = startTyping(folder, String(port));
  await shell.standsAt(promptWith(port));
  await completes(shell, port, "GET a", "GET axe ");
  await completes(shell, port, "LS a", "LS axe ");
  await completes(shell, port, "PUT a", "PUT a");
  expect(shell.raw).not.toContain("owned");
  expect(shell.raw).not.toContain("red");
  expect(shell.raw).not.toContain(Buffer.from("\u202e").toString("latin1"));
});

test("a server that does not answer holds up neither the typing nor the next command", async () => {
  using folder = new TemporaryFolder();
  await using server = await SilentServer.start("LIST");
  const { port } = server;
  await using shell = startTyping(folder, String(port));
  await shell.standsAt(promptWith(port));
  shell.press(`GET a${KEY.tab}`);
  await server.heard;
  shell.press("bc");
  await shell.standsAt(promptWith(port, "GET abc"));
  shell.press(KEY.enter);
  // What Tab asked for is cancelled before the command asks for anything.
  while (!server.asked.some((line) => line.startsWith("GET"))) await server.next();
  expect(server.asked.map((line) => line.split(" ")[0])).toEqual(["LIST", "ABORT", "GET"]);
  shell.press(KEY.ctrlC);
  await shell.shows(/Cancelling… \(Ctrl-C again leaves\)/);
  shell.press(KEY.ctrlC);
  expect(await shell.process.exited).toBe(130);
});

test("what is pasted with a tab in it is not completed", async () => {
  using folder = new TemporaryFolder();
  await using shell = startTyping(folder);
  await shell.standsAt(promptWith(undefined));
  // Terminals mark what is pasted, once they are asked to.
  expect(shell.raw).toContain("\u001b[?2004h");
  shell.press("\u001b[200~HEL\tGET\u001b[201~");
  await shell.standsAt(promptWith(undefined, "HEL GET"));
  shell.press(KEY.ctrlU);
  await completes(shell, undefined, "HEL", "HELP ");
  shell.press(KEY.ctrlD);
  expect(await shell.process.exited).toBe(0);
  await until(() => shell.raw.includes("\u001b[?2004l"));
});

test("what is typed ahead of a completion comes behind it", async () => {
  using folder = new TemporaryFolder();
  for (const name of ["two.txt", "two-e.txt", "two-f.txt"]) write(folder.join("server", name), "");
  write(folder.join("server/one.txt"), "one");
  await using server = await ServerProcess.start(folder.join("server"));
  const { port } = server;
  await using shell = startTyping(folder, String(port));
  await shell.standsAt(promptWith(port));
  shell.press(`GET t${KEY.tab}-e`);
  await shell.standsAt(promptWith(port, "GET two-e"));
  shell.press(KEY.ctrlU);
  // Two in one read: as far as all go, and what there is to choose from, once.
  shell.press(`GET t${KEY.tab}${KEY.tab}`);
  await shell.shows(/^two-e\.txt +two-f\.txt +two\.txt$/m);
  await shell.standsAt(promptWith(port, "GET two"));
  shell.press(KEY.ctrlU);
  await shell.standsAt(promptWith(port));
  shell.press(`HE${KEY.tab}${KEY.tab}${KEY.tab}`);
  await shell.standsAt(promptWith(port, "HELP "));
  shell.press(KEY.ctrlU);
  // Up to the end of the line, and into the next.
  shell.press(`ge${KEY.tab}o${KEY.tab}\rPWD\rSTAT`);
  await shell.standsAt(promptWith(port, "STAT"));
  expect(shell.text).toMatch(/> get one\.txt \nGET one\.txt: 3 B .*\n.*> PWD\n\/\n/);
});

test("Tab twice where nothing can be put in shows what there is once", async () => {
  using folder = new TemporaryFolder();
  for (const name of ["alpha", "beta"]) write(folder.join("server", name), "");
  await using server = await ServerProcess.start(folder.join("server"));
  await using shell = startTyping(folder, String(server.port));
  await shell.standsAt(promptWith(server.port));
  shell.press(`GET ${KEY.tab}${KEY.tab}x`);
  await shell.standsAt(promptWith(server.port, "GET x"));
  expect(shell.text.match(/^alpha +beta$/gm)).toHaveLength(1);
});

test("Ctrl-C ends a completion that waits for the server, with what was typed behind it", async () => {
  using folder = new TemporaryFolder();
  await using server = await SilentServer.start("LIST");
  const { port } = server;
  await using shell = startTyping(folder, String(port));
  await shell.standsAt(promptWith(port));
  shell.press(`GET a${KEY.tab}`);
  await server.heard;
  shell.press(`bc${KEY.ctrlC}PW`);
  await shell.standsAt(promptWith(port, "PW"));
});
