import type { AnyRequest, Request, Verb } from "../protocol/request.ts";
import type { Done, Exchange } from "./exchange.ts";
import { abort, noop, quit } from "./verbs/control.ts";
import { get } from "./verbs/get.ts";
import { held } from "./verbs/held.ts";
import { list } from "./verbs/list.ts";
import { put } from "./verbs/put.ts";
import { stat } from "./verbs/stat.ts";
import { mkdir, remove, rename } from "./verbs/tree.ts";

type Handler<V extends Verb> = (request: Request<V>, exchange: Exchange) => Promise<Done>;

/** Every verb: who carries it out, and whether the log tells when it fails. */
const VERBS: { readonly [V in Verb]: { readonly handle: Handler<V>; readonly logged: boolean } } = {
  GET: { handle: get, logged: true },
  PUT: { handle: put, logged: true },
  HELD: { handle: held, logged: true },
  LIST: { handle: list, logged: false },
  STAT: { handle: stat, logged: false },
  MKDIR: { handle: mkdir, logged: true },
  DELETE: { handle: remove, logged: true },
  RENAME: { handle: rename, logged: true },
  ABORT: { handle: abort, logged: false },
  NOOP: { handle: noop, logged: false },
  QUIT: { handle: quit, logged: false },
};

/** Carries out a request. Rejects where that fails. */
export function handle(request: AnyRequest, exchange: Exchange): Promise<Done> {
  // The table gives each verb its own handler, which TypeScript cannot see through the union.
  return (VERBS[request.verb].handle as Handler<Verb>)(request as Request, exchange);
}

/** Whether the log tells when such a request fails. */
export function isLogged(verb: string): boolean {
  return Object.hasOwn(VERBS, verb) && VERBS[verb as Verb].logged;
}
