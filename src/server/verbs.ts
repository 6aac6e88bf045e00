import type { Failure } from "../protocol/codes.ts";
import type { AnyRequest, Request, Verb } from "../protocol/request.ts";
import type { Done, Exchange } from "./exchange.ts";
import { RequestFailed } from "./failures.ts";
import type { Right, Rights } from "./rights.ts";
import { auth } from "./verbs/auth.ts";
import { abort, noop, quit } from "./verbs/control.ts";
import { get } from "./verbs/get.ts";
import { held } from "./verbs/held.ts";
import { list } from "./verbs/list.ts";
import { pack } from "./verbs/pack.ts";
import { put } from "./verbs/put.ts";
import { stat } from "./verbs/stat.ts";
import { mkdir, remove, rename } from "./verbs/tree.ts";
import { unpack } from "./verbs/unpack.ts";

type Handler<V extends Verb> = (request: Request<V>, exchange: Exchange) => Promise<Done>;

interface VerbEntry<V extends Verb> {
  readonly handle: Handler<V>;
  /** What it does to files. */
  readonly right: Right;
  /** What it does to one that is there already, if it may: it asks for that itself. */
  readonly over?: Right;
  /** Whether the log tells when it fails. */
  readonly logged: boolean;
  /** The word of a failure that leaves things as they were wanted, and is not logged. */
  readonly unless?: Failure["word"];
  /** What it does, as people call it; its name where left out. */
  readonly does?: string;
}

/** Every verb: who carries it out, and for whom. */
const VERBS: { readonly [V in Verb]: VerbEntry<V> } = {
  GET: { handle: get, right: "read", logged: true },
  PUT: { handle: put, right: "add", over: "replace", logged: true, does: "storing files" },
  HELD: { handle: held, right: "add", logged: true, does: "storing files" },
  PACK: { handle: pack, right: "read", logged: true },
  UNPACK: { handle: unpack, right: "add", over: "replace", logged: true, does: "storing files" },
  LIST: { handle: list, right: "read", logged: false },
  STAT: { handle: stat, right: "read", logged: false },
  MKDIR: { handle: mkdir, right: "add", logged: true, unless: "exists", does: "making folders" },
  DELETE: { handle: remove, right: "remove", logged: true, does: "removing" },
  RENAME: { handle: rename, right: "remove", logged: true, does: "moving" },
  AUTH: { handle: auth, right: "none", logged: true },
  ABORT: { handle: abort, right: "read", logged: false },
  NOOP: { handle: noop, right: "read", logged: false },
  QUIT: { handle: quit, right: "none", logged: false },
};

/**
 * Checks that a client may ask for this at all.
 * @param rights of whoever has logged in
 * @throws {RequestFailed} `530` before the login, `553 denied` behind it
 */
export function authorise(verb: string, rights: Rights | undefined): void {
  const { right = "read", does = verb }: Partial<Pick<VerbEntry<Verb>, "right" | "does">> =
    Object.hasOwn(VERBS, verb) ? VERBS[verb as Verb] : {};
  if (right === "none") return;
  if (rights === undefined) throw new RequestFailed({ code: 530, word: "login" }, "Log in first");
  const withholder = rights.withholderOf(right);
  if (withholder === undefined) return;
  const message = `${withholder.replace(/^t/, "T")} does not allow ${does}`;
  throw new RequestFailed({ code: 553, word: "denied" }, message);
}

/** Whether nothing that a request of a client could do is withheld from it, whatever is there. */
export function mayDoAll(verb: Verb, rights: Rights): boolean {
  const { right, over = "none" }: VerbEntry<Verb> = VERBS[verb] as VerbEntry<Verb>;
  return rights.withholderOf(right) === undefined && rights.withholderOf(over) === undefined;
}

/** Carries out a request. Rejects where that fails. */
export function handle(request: AnyRequest, exchange: Exchange): Promise<Done> {
  // The table gives each verb its own handler, which TypeScript cannot see through the union.
  return (VERBS[request.verb].handle as Handler<Verb>)(request as Request, exchange);
}

/** Whether the log tells when such a request fails in this way. */
export function isLogged(verb: string, { word }: Failure): boolean {
  if (!Object.hasOwn(VERBS, verb)) return false;
  const { logged, unless }: Pick<VerbEntry<never>, "logged" | "unless"> = VERBS[verb as Verb];
  return logged && word !== unless;
}
