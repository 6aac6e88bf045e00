import { decodePath, encodePath, BadPath } from "../protocol/path.ts";
import { parseDecimal } from "../protocol/text.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { SecurityError } from "./errors.ts";
import { readText, readTextIfThere, replaceFile, USED_BY_OTHERS } from "./files.ts";
import { BadLine, formatLines, parseLines, type Line } from "./lines.ts";
import { withLock } from "./lock.ts";
import { isUserName } from "./password.ts";
import {
  KEY_BYTES,
  MAX_ITERATIONS,
  MIN_ITERATIONS,
  PASSWORD_ITERATIONS,
  type Verifier,
} from "./scram-keys.ts";

/** What users may do: read; add, and never overwrite or remove; all. */
export const ROLES = ["read", "write", "full"] as const;
export type Role = (typeof ROLES)[number];

export interface User {
  readonly name: string;
  readonly role: Role;
  readonly verifier: Verifier;
  /** The folder inside the server's root that is this user's root, as `a/b`; all of it if absent. */
  readonly root?: string;
}

const MAX_FILE = 4_194_304;
const LEAST_SALT = 8;
const MOST_SALT = 128;

const HEADER = [
  "# Who may log in, made by sftp user. One line a user:",
  "# NAME ROLE ITERATIONS SALT STORED-KEY SERVER-KEY [root=FOLDER]",
  "# ROLE is read, write or full; FOLDER is percent-encoded. No line can be used to log in.",
];

/** The users of a server. */
export class Users implements Iterable<User> {
  readonly #users: ReadonlyMap<string, User>;
  /** The iterations that most users have: what unknown ones have to pretend. */
  readonly usualIterations: number;

  constructor(users: Iterable<User>) {
    this.#users = new Map(Array.from(users, (user) => [user.name, user]));
    this.usualIterations = mostFrequent(
      Array.from(this, ({ verifier }) => verifier.iterations),
      PASSWORD_ITERATIONS,
    );
  }

  /** Names are compared with their case. */
  find(name: string): User | undefined {
    return this.#users.get(name);
  }

  get size(): number {
    return this.#users.size;
  }

  [Symbol.iterator](): IterableIterator<User> {
    return this.#users.values();
  }
}

/**
 * Reads a file of users.
 * @throws {SecurityError} naming the file, and the line where one is wrong
 */
export async function readUsers(file: string): Promise<Users> {
  const text = readText(file, { max: MAX_FILE, forbidden: () => USED_BY_OTHERS });
  return new Users(usersIn(parse(file, text)));
}

/**
 * Adds a user or changes one, in one step; all other lines stay as they are. The file is made where
 * there is none.
 * @param make gives the user from what there is under the name; what it throws changes nothing
 * @throws {SecurityError}
 */
export async function putUser(
  file: string,
  name: string,
  make: (former: User | undefined) => User,
): Promise<void> {
  withLock(file, () => {
    const text = readTextIfThere(file, { max: MAX_FILE, forbidden: () => USED_BY_OTHERS });
    const lines = parse(file, text ?? "");
    const at = lines.findIndex(({ entry }) => entry?.name === name);
    const user = { ...make(lines[at]?.entry), name };
    const line = { text: formatUser(user), entry: user };
    const start = lines.length === 0 ? HEADER.map((text) => ({ text })) : [];
    replaceFile(file, formatLines(at === -1 ? [...start, ...lines, line] : lines.with(at, line)));
  });
}

/**
 * Removes a user.
 * @throws {SecurityError} also where there is none of that name
 */
export async function removeUser(file: string, name: string): Promise<void> {
  withLock(file, () => {
    const text = readText(file, { max: MAX_FILE, forbidden: () => USED_BY_OTHERS });
    const lines = parse(file, text);
    const rest = lines.filter(({ entry }) => entry?.name !== name);
    if (rest.length === lines.length) {
      throw new SecurityError("not-found", `There is no user ${name} in ${file}`);
    }
    replaceFile(file, formatLines(rest));
  });
}

/**
 * Reads a folder inside the server's root, as somebody types it.
 * @throws {SecurityError}
 */
export function checkRoot(root: string): string {
  try {
    return readRoot(root.split("/").map(encodeURIComponent).join("/"));
  } catch (error) {
    if (!(error instanceof BadLine) && !(error instanceof URIError)) throw error;
    throw new SecurityError(
      "invalid",
      `${root} is no folder inside the server's root: give one such as team/anna`,
    );
  }
}

function mostFrequent(numbers: readonly number[], fallback: number): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const [most] = [...counts].toSorted(([, one], [, other]) => other - one);
  return most?.[0] ?? fallback;
}

function parse(file: string, text: string): Line<User>[] {
  return parseLines(file, text, parseUser, ({ name }) => name);
}

function usersIn(lines: readonly Line<User>[]): User[] {
  return lines.flatMap(({ entry }) => (entry === undefined ? [] : [entry]));
}

function parseUser(line: string): User {
  const [name = "", role, iterations, salt, storedKey, serverKey, ...options] = line.split(/\s+/);
  if (!isUserName(name)) throw new BadLine(`${name} can be no user's name`);
  const known = ROLES.find((one) => one === role);
  if (known === undefined) throw new BadLine(`the role of ${name} is not ${ROLES.join(", ")}`);
  const verifier = {
    iterations: readIterations(iterations),
    salt: readBytes("salt", salt, LEAST_SALT, MOST_SALT),
    storedKey: readBytes("stored key", storedKey, KEY_BYTES, KEY_BYTES),
    serverKey: readBytes("server key", serverKey, KEY_BYTES, KEY_BYTES),
  };
  const [option, ...more] = options;
  const user = { name, role: known, verifier };
  if (option === undefined) return user;
  if (!option.startsWith("root=") || more.length > 0) {
    throw new BadLine(`behind the keys of ${name} stands something else than root=FOLDER`);
  }
  return { ...user, root: readRoot(option.slice("root=".length)) };
}

function formatUser({ name, role, verifier, root }: User): string {
  const { iterations, salt, storedKey, serverKey } = verifier;
  const keys = [salt, storedKey, serverKey].map(encodeBase64);
  const options = root === undefined ? [] : [`root=${encodePath(root.split("/"))}`];
  return [name, role, iterations, ...keys, ...options].join(" ");
}

function readIterations(text: string | undefined): number {
  const number = parseDecimal(text ?? "") ?? 0;
  if (number >= MIN_ITERATIONS && number <= MAX_ITERATIONS) return number;
  throw new BadLine(`the iterations are no number from ${MIN_ITERATIONS} to ${MAX_ITERATIONS}`);
}

function readBytes(
  what: string,
  text: string | undefined,
  least: number,
  most: number,
): Uint8Array {
  const bytes = decodeBase64(text ?? "");
  if (bytes !== undefined && bytes.length >= least && bytes.length <= most) return bytes;
  throw new BadLine(`the ${what} is not whole`);
}

function readRoot(encoded: string): string {
  try {
    const parts = decodePath(encoded);
    if (!parts.some((part) => part === "" || part === "." || part === "..")) return parts.join("/");
  } catch (error) {
    if (!(error instanceof BadPath)) throw error;
  }
  throw new BadLine("the root is no folder inside the server's");
}
