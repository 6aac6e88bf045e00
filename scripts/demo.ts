/**
 * Shows the main job from start to end, on real files: two servers on two ports, and a client that
 * opens one after the other. `--keep` leaves the files where they are; `--binary FILE` shows a
 * program that was built before.
 */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, styleText } from "node:util";
import { build } from "./build.ts";
import { main } from "./support/main.ts";
import { Program } from "./support/program.ts";

const TOP = join(import.meta.dir, "..");
const { values: ASKED } = parseArgs({
  options: { keep: { type: "boolean", default: false }, binary: { type: "string" } },
});
const KEEP = ASKED.keep;
const HOLIDAY_BYTES = 32 * 1024 * 1024;

/** Each file that moves: from where, to where. */
const COPIES = [
  ["first/welcome.txt", "client/welcome.txt"],
  ["first/holiday.mov", "client/holiday.mov"],
  ["client/hello.txt", "first/hello.txt"],
  ["second/Grüße aus Köln.txt", "client/Grüße aus Köln.txt"],
  ["client/holiday.mov", "second/films/holiday.mov"],
] as const;

function title(text: string): void {
  console.log(`\n${styleText("bold", text)}`);
}

function typed(prompt: string, text: string): void {
  console.log(`  ${styleText("dim", prompt)} ${styleText("cyan", text)}`);
}

function answered(text: string): void {
  console.log(`    ${text}`);
}

async function layOut(home: string): Promise<void> {
  for (const folder of ["first", "second", "client"]) mkdirSync(join(home, folder));
  cpSync(join(TOP, "server/welcome.txt"), join(home, "first/welcome.txt"));
  cpSync(join(TOP, "client/hello.txt"), join(home, "client/hello.txt"));
  const film = new Uint8Array(HOLIDAY_BYTES);
  for (let at = 0; at < film.length; at += 65_536) {
    crypto.getRandomValues(film.subarray(at, at + 65_536));
  }
  await Bun.write(join(home, "first/holiday.mov"), film);
  await Bun.write(join(home, "second/Grüße aus Köln.txt"), "Viele Grüße! 🌍\n".repeat(1000));
}

/** Starts a server and gives it with its port. */
async function serve(
  binary: string,
  home: string,
  folder: string,
): Promise<{ server: Program; port: string }> {
  typed("$", `sftp serve --port 0 --root ${folder}`);
  const server = new Program([binary, "serve", "--port", "0", "--root", folder], home);
  const line = await server.line();
  answered(line);
  const port = /:(\d+)\. /.exec(line)?.[1];
  if (port === undefined) throw new Error(`The server did not say its port: ${line}`);
  return { server, port };
}

/** Types a command into the client, and checks what it says. */
async function command(client: Program, text: string, expected: RegExp): Promise<void> {
  typed(">", text);
  client.type(text);
  const answer = await client.line();
  answered(answer);
  if (!expected.test(answer)) throw new Error(`That is not what ${text} must answer.`);
}

async function stop(name: string, server: Program): Promise<void> {
  const status = await server.stop();
  typed("#", `the ${name} server's log`);
  for (const line of server.output.trim().split("\n").slice(1)) answered(line);
  if (status !== 0) throw new Error(`The ${name} server ended with status ${status}.`);
}

async function compare(home: string): Promise<void> {
  for (const [from, to] of COPIES) {
    const [source, copy] = [Bun.file(join(home, from)), Bun.file(join(home, to))];
    if (!(await copy.exists())) throw new Error(`${to} is missing.`);
    const same = Buffer.from(await source.bytes()).equals(await copy.bytes());
    if (!same) throw new Error(`${to} differs from ${from}.`);
    const size = statSync(join(home, to)).size.toLocaleString("en");
    console.log(`  ${styleText("green", "same")}  ${from}  =  ${to}  (${size} bytes)`);
  }
}

async function show(home: string, binary: string, stack: AsyncDisposableStack): Promise<void> {
  title("1. Two servers, each with a folder and a port of its own");
  await layOut(home);
  const first = await serve(binary, home, "first");
  stack.use(first.server);
  const second = await serve(binary, home, "second");
  stack.use(second.server);

  title("2. One client, which opens one server after the other");
  typed("$", "sftp connect --root client");
  const client = stack.use(new Program([binary, "connect", "--root", "client"], home));
  await command(client, `OPEN ${first.port}`, /^Connected to /);
  await command(client, "GET welcome.txt", /, verified$/);
  await command(client, "GET holiday.mov", /, verified$/);
  await command(client, "PUT hello.txt", /, verified$/);
  await command(client, "CLOSE", /^Closed /);
  await command(client, `OPEN ${second.port}`, /^Connected to /);
  await command(client, "GET 'Grüße aus Köln.txt'", /, verified$/);
  await command(client, "PUT holiday.mov films/holiday.mov", /, verified$/);
  await command(client, "QUIT", /^Closed /);
  const status = await client.ended();
  if (status !== 0) throw new Error(`The client ended with status ${status}.`);

  title("3. The servers stop, and have logged what they did");
  await stop("first", first.server);
  await stop("second", second.server);

  title("4. Are the files the same, byte for byte?");
  await compare(home);
}

await main(async () => {
  console.log("Simple FTP: the main job, from start to end.");
  const binary = ASKED.binary === undefined ? await build() : resolve(ASKED.binary);
  const home = realpathSync(mkdtempSync(join(tmpdir(), "sftp-demo-")));
  console.log(`The program is ${binary}; the files are in ${home}.`);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => {
    if (!KEEP) rmSync(home, { recursive: true, force: true });
  });
  let problem = "The demonstration FAILED:";
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      problem = "Interrupted:";
      void stack.disposeAsync().then(() => process.exit(130));
    });
  }
  try {
    await show(home, binary, stack);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`\n${problem} ${message}`, { cause: error });
  }
  title("All of it worked.");
  console.log(`One client opened two servers in turn, got 3 files and put 2; all 5 are the same.`);
  console.log(KEEP ? `The files are still in ${home}.` : `The files were in ${home}, now removed.`);
  console.log("Look at them yourself with: npm run demo -- --keep");
});
