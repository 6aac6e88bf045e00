import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { Attempts } from "../security/attempts.ts";
import { deriveSecret, loadIdentity, readIdentity, type Identity } from "../security/identity.ts";
import { isLoopback } from "../security/ip.ts";
import { TOKEN_USER } from "../security/mechanism.ts";
import { makeVerifier, TOKEN_ITERATIONS } from "../security/scram.ts";
import { loadToken, newToken, tokenFile } from "../security/token.ts";
import { readUsers, Users } from "../security/users.ts";
import type { Protection } from "../server/server.ts";
import type { Arguments } from "./args.ts";
import type { Root } from "./roots.ts";
import { isOn, optionalSetting, readWait, setting } from "./settings.ts";
import { stateFolder } from "./state-folder.ts";
import { CALLED } from "../platform/called.ts";

/** What a server is protected with, and what its clients need to know. */
export interface Protected extends Protection {
  /** The one secret that there is, where there is no file of users. */
  readonly token: { readonly value: string; readonly file: string } | undefined;
}

/** What raises the protection of a server on loopback, too. */
const RAISING = ["tls-cert", "tls-key", "users"] as const;

/**
 * What protects a server that listens on this host: nothing on loopback, as long as nothing is asked
 * for; TLS and a login everywhere else, made at the first start.
 * @param root of the server, for the folders of users
 * @param complain tells whoever runs the server what is wrong with it while it runs
 * @throws {CommandFailed} status 2, for flags that exclude each other
 * @throws {SecurityError}
 */
export async function protectionFor(
  given: Arguments,
  host: string,
  root: Root,
  complain: (message: string) => void,
): Promise<Protected | undefined> {
  const named = Object.fromEntries(
    RAISING.map((flag) => [flag, optionalSetting(given, flag)] as const),
  );
  const { "tls-cert": cert, "tls-key": key, users: usersFile } = named;
  const timeout = readWait(setting(given, "login-timeout"));
  const makesToken = given.has("new-token");
  const raised = [
    ...(isOn(given, "tls") ? ["--tls"] : []),
    ...RAISING.flatMap((flag) => named[flag]?.from ?? []),
    ...(makesToken ? ["--new-token"] : []),
  ];
  if (given.has("insecure")) {
    const [other] = raised;
    if (other === undefined) return undefined;
    throw usage(`--insecure and ${other} exclude each other: leave one of them out`);
  }
  if (raised.length === 0 && isLoopback(host)) return undefined;
  if (makesToken && usersFile !== undefined) {
    throw usage(`--new-token and ${usersFile.from} exclude each other: users have passwords`);
  }
  const identity = await identityFrom(cert?.value, key?.value);
  const { token, users } =
    usersFile === undefined
      ? await usersOfToken(makesToken)
      : { token: undefined, users: await usersFrom(usersFile.value) };
  return {
    identity,
    token,
    users,
    decoySecret: deriveSecret(identity, "decoys"),
    attempts: new Attempts(),
    timeout,
    complain,
    openRoot: root.openInside,
  };
}

async function identityFrom(cert: string | undefined, key: string | undefined): Promise<Identity> {
  if (cert === undefined && key === undefined) return loadIdentity(stateFolder());
  if (cert !== undefined && key !== undefined) return readIdentity(cert, key);
  throw usage("A certificate needs its key: give both --tls-cert and --tls-key, or neither");
}

async function usersOfToken(
  makeAnother: boolean,
): Promise<Required<Pick<Protected, "token" | "users">>> {
  const folder = stateFolder();
  const value = await (makeAnother ? newToken(folder) : loadToken(folder));
  const verifier = await makeVerifier(value, { iterations: TOKEN_ITERATIONS });
  return {
    token: { value, file: tokenFile(folder) },
    users: new Users([{ name: TOKEN_USER, role: "full", verifier }]),
  };
}

async function usersFrom(file: string): Promise<Users> {
  const users = await readUsers(file);
  if (users.size > 0) return users;
  throw new CommandFailed(
    Status.failed,
    `${file} names no user, so nobody could log in: add one with ${CALLED} user add NAME --file ${file}`,
  );
}

function usage(message: string): CommandFailed {
  return new CommandFailed(Status.usage, message);
}
