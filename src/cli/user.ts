import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { visible } from "../observe/visible.ts";
import { SecurityError } from "../security/errors.ts";
import { isUserName, normalisePassword } from "../security/password.ts";
import { makeVerifier } from "../security/scram.ts";
import { checkRoot, putUser, readUsers, removeUser, ROLES, type Role } from "../security/users.ts";
import { nearest } from "../shell/nearest.ts";
import { StorageError } from "../storage/errors.ts";
import { checkCreatable } from "../storage/names.ts";
import type { Arguments } from "./args.ts";
import { setting } from "./settings.ts";
import { createMessages, writeData } from "./output.ts";
import { readSecret, readSecretLine } from "./prompt.ts";
import { isTerminal, STDIN } from "../platform/terminal.ts";
import { CALLED } from "../platform/called.ts";

type Action = (given: Arguments, file: string) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = { add, remove, list };

/**
 * Runs `sftp user`. The password is asked for at a terminal, or read from the first line of
 * standard input; no flag takes it, since others can see a program's flags.
 */
export async function runUser(given: Arguments): Promise<Status> {
  const [word] = given.words;
  if (word === undefined) throw usage("Say what to do: add, remove or list");
  const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (action === undefined) {
    const meant = nearest(word, Object.keys(ACTIONS));
    throw usage(
      `${word} is not add, remove or list${meant === undefined ? "" : `: did you mean ${meant}?`}`,
    );
  }
  const file = setting(given, "file").value;
  if (file === "") throw usage("Which file keeps the users? Name it with --file");
  await action(given, file);
  return Status.ok;
}

async function add(given: Arguments, file: string): Promise<void> {
  const name = readName(given);
  const role = readRole(given);
  const root = readRoot(given);
  const replace = given.has("replace");
  const exists = (): CommandFailed =>
    new CommandFailed(
      Status.refused,
      `There is a user ${name} in ${file} already: add --replace to change it`,
    );
  // Nobody should type a password for nothing.
  if (!replace && (await has(file, name))) throw exists();
  const verifier = await makeVerifier(await readPassword(name));
  let changed = false;
  await putUser(file, name, (former) => {
    if (former !== undefined && !replace) throw exists();
    changed = former !== undefined;
    const kept = root ?? former?.root;
    const user = { name, role: role ?? former?.role ?? "read", verifier };
    return kept === undefined ? user : { ...user, root: kept };
  });
  createMessages().log(`${changed ? "Changed" : "Added"} ${name} in ${file}`);
}

async function remove(given: Arguments, file: string): Promise<void> {
  refuseFlags(given, "remove");
  const name = readName(given);
  await removeUser(file, name);
  createMessages().log(`Removed ${name} from ${file}`);
}

/** One line a user: name, role, and root where it has one of its own. */
async function list(given: Arguments, file: string): Promise<void> {
  refuseFlags(given, "list");
  const [, extra] = given.words;
  if (extra !== undefined) throw usage(`There is a word too many: ${extra}`);
  const users = Array.from(await readUsers(file));
  const width = Math.max(0, ...users.map(({ name }) => name.length));
  const longest = Math.max(...ROLES.map((role) => role.length));
  for (const { name, role, root = "" } of users) {
    const line = `${name.padEnd(width)}  ${role.padEnd(longest)}  ${visible(root)}`;
    writeData(`${line.trimEnd()}\n`);
  }
}

async function has(file: string, name: string): Promise<boolean> {
  try {
    return (await readUsers(file)).find(name) !== undefined;
  } catch (error) {
    if (error instanceof SecurityError && error.problem === "not-found") return false;
    throw error;
  }
}

async function readPassword(name: string): Promise<string> {
  if (!isTerminal(STDIN)) return readSecretLine("The password");
  const password = await readSecret(`Password for ${name}`);
  normalisePassword(password);
  if ((await readSecret("The same again")) === password) return password;
  throw new CommandFailed(Status.failed, "The two passwords differ: nothing was changed");
}

function readName({ words: [, name] }: Arguments): string {
  if (name === undefined) throw usage("The user's name is missing");
  if (isUserName(name)) return name;
  throw usage(
    `${name} can be no user's name: begin with a letter or digit, and use these and . _ - (64 at most)`,
  );
}

function readRole(given: Arguments): Role | undefined {
  const typed = given.value("role");
  const role = ROLES.find((one) => one === typed);
  if (typed === undefined || role !== undefined) return role;
  throw usage(`--role ${typed} is not ${ROLES.join(", ")}`);
}

function readRoot(given: Arguments): string | undefined {
  const typed = given.value("root");
  if (typed === undefined) return undefined;
  try {
    const root = checkRoot(typed);
    // The server makes it where it is absent.
    checkCreatable(root.split("/"));
    return root;
  } catch (error) {
    if (!(error instanceof SecurityError || error instanceof StorageError)) throw error;
    throw usage(`--root: ${error.message}`);
  }
}

function refuseFlags(given: Arguments, action: string): void {
  const flag = ["role", "root"].find((name) => given.value(name) !== undefined);
  const wrong = flag ?? (given.has("replace") ? "replace" : undefined);
  if (wrong !== undefined) throw usage(`${CALLED} user ${action} takes no --${wrong}`);
}

function usage(message: string): CommandFailed {
  return new CommandFailed(Status.usage, `${message}: see ${CALLED} user --help`);
}
