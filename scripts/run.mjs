// Runs scripts/NAME.ts with the Bun that package.json pins, and installs that Bun and the
// dependencies of bun.lock first where they are missing. Plain JavaScript, because it is what a
// fresh machine starts with: under Node with npm, or under any Bun.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TOP = join(dirname(fileURLToPath(import.meta.url)), "..");
const MODULES = join(TOP, "node_modules");
/** A copy of the bun.lock that was installed last. */
const STAMP = join(MODULES, ".installed-bun.lock");
const WINDOWS = process.platform === "win32";
const BUN = join(MODULES, ".bin", WINDOWS ? "bun.exe" : "bun");
const OFFLINE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ConnectionRefused|FailedToOpenSocket|DNSResolve|ConnectionTimeout/i;

const [name = "", ...rest] = process.argv.slice(2);
const script = findScript(name);
install();
run(script, rest);

function findScript(wanted) {
  const names = readdirSync(join(TOP, "scripts"))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -3))
    // oxlint-disable-next-line unicorn/no-array-sort -- Node 18 has no toSorted
    .sort();
  if (names.includes(wanted)) return join(TOP, "scripts", `${wanted}.ts`);
  const problem = wanted === "" ? "Which script?" : `There is no script ${wanted}.`;
  fail(`${problem} There are: ${names.join(", ")}`);
}

function install() {
  const { devDependencies } = JSON.parse(readFileSync(join(TOP, "package.json"), "utf8"));
  const version = devDependencies.bun;
  const lock = readFileSync(join(TOP, "bun.lock"), "utf8");
  const hasBun = versionOf(BUN) === version;
  if (hasBun && existsSync(STAMP) && readFileSync(STAMP, "utf8") === lock) return;

  console.error(`Installing Bun ${version} and the dependencies (the first time only) ...`);
  const done = hasBun ? call(BUN, ["install", "--frozen-lockfile"]) : installBun(version);
  const output = `${done.stdout ?? ""}${done.stderr ?? ""}${done.error?.message ?? ""}`.trim();
  if (done.status !== 0) {
    if (OFFLINE.test(output)) {
      fail("Cannot reach the npm registry, which the first run needs: is this machine online?");
    }
    fail(`Could not install Bun ${version} and the dependencies:\n${output}`);
  }
  const installed = versionOf(BUN);
  if (installed !== version) {
    fail(`Installed, but node_modules/.bin/bun is ${installed ?? "no program"}, not ${version}`);
  }
  writeFileSync(STAMP, lock);
}

function installBun(version) {
  const { bun } = process.versions;
  if (bun !== undefined) return call(process.execPath, ["install", "--frozen-lockfile"]);
  // npm's programs are scripts of the shell on Windows.
  if (call("npx", ["--version"], WINDOWS).status !== 0) {
    fail("There is no npm here: install Node with npm (18 or later), or Bun, and try again");
  }
  const npx = ["--yes", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
  return call("npx", [...npx, `bun@${version}`, "install", "--frozen-lockfile"], WINDOWS);
}

function versionOf(program) {
  const { status, stdout } = call(program, ["--version"]);
  return status === 0 ? stdout.trim() : undefined;
}

function call(program, args, shell = false) {
  const options = { cwd: TOP, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] };
  return shell
    ? spawnSync([program, ...args].join(" "), { ...options, shell })
    : spawnSync(program, args, options);
}

function run(file, args) {
  const child = spawn(BUN, [file, ...args], { cwd: TOP, stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => fail(`Cannot start node_modules/.bin/bun: ${error.message}`));
  child.on("exit", (status, signal) => {
    process.exit(status ?? 128 + (constants.signals[signal] ?? 0));
  });
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
