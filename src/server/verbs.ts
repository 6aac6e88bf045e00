import type { AnyRequest, Request, Verb } from "../protocol/request.ts";
import type { Role } from "../security/users.ts";
import type { Done, Exchange } from "./exchange.ts";
import { RequestFailed } from "./failures.ts";
import { auth } from "./verbs/auth.ts";
import { abort, noop, quit } from "./verbs/control.ts";
import { get } from "./verbs/get.ts";
import { held } from "./verbs/held.ts";
import { list } from "./verbs/list.ts";
import { put } from "./verbs/put.ts";
import { stat } from "./verbs/stat.ts";
import { mkdir, remove, rename } from "./verbs/tree.ts";

type Handler<V extends Verb> = (request: Request<V>, exchange: Exchange) => Promise<Done>;

/** What a client must be allowed to do; each includes those before it. */
const RIGHTS = ["none", "read", "write", "full"] as const;
type Right = (typeof RIGHTS)[number];

interface VerbEntry<V extends Verb> {
  readonly handle: Handler<V>;
  /** What it needs; whoever has not logged in has `none`. */
  readonly right: Right;
  /** Whether the log tells when it fails. */
  readonly logged: boolean;
}

/** Every verb: who carries it out, and for whom. */
const VERBS: { readonly [V in Verb]: VerbEntry<V> } = {
  GET: { handle: get, right: "read", logged: true },
  PUT: { handle: put, right: "write", logged: true },
  HELD: { handle: held, right: "write", logged: true },
  LIST: { handle: list, right: "read", logged: false },
  STAT: { handle: stat, right: "read", logged: false },
  MKDIR: { handle: mkdir, right: "write", logged: true },
  DELETE: { handle: remove, right: "full", logged: true },
  RENAME: { handle: rename, right: "full", logged: true },
  AUTH: { handle: auth, right: "none", logged: true },
  ABORT: { handle: abort, right: "read", logged: false },
  NOOP: { handle: noop, right: "read", logged: false },
  QUIT: { handle: quit, right: "none", logged: false },
};

/**
 * Checks that a client may ask for this at all.
 * @param role of whoever has logged in
 * @throws {RequestFailed} `530` before the login, `553 denied` behind it
 */
export function authorise(verb: string, role: Role | undefined): void {
  const right = Object.hasOwn(VERBS, verb) ? VERBS[verb as Verb].right : "read";
  if (RIGHTS.indexOf(right) <= RIGHTS.indexOf(role ?? "none")) return;
  if (role === undefined) throw new RequestFailed({ code: 530, word: "login" }, "Log in first");
  throw new RequestFailed({ code: 553, word: "denied" }, `The role ${role} does not allow ${verb}`);
}

/** Carries out a request. Rejects where that fails. */
export function handle(request: AnyRequest, exchange: Exchange): Promise<Done> {
  // The table gives each verb its own handler, which TypeScript cannot see through the union.
  return (VERBS[request.verb].handle as Handler<Verb>)(request as Request, exchange);
}

/** Whether the log tells when such a request fails. */
export function isLogged(verb: string): boolean {
  return Object.hasOwn(VERBS, verb) && VERBS[verb as Verb].logged;
}
