import type { Observe, ServerEvent } from "../observe/events.ts";
import { frameBlock } from "../protocol/block.ts";
import { formatSuccess } from "../protocol/reply.ts";
import type { Storage } from "../storage/storage.ts";
import type { Connection } from "../transport/connection.ts";
import type { Exchange } from "./exchange.ts";
import { aborted } from "./failures.ts";
import type { Intake } from "./intake.ts";
import type { Job } from "./job.ts";
import type { KeepAlive } from "./keep-alive.ts";
import type { Turn } from "./lanes.ts";
import type { Login } from "./login.ts";
import type { Parts } from "./parts.ts";
import type { Rate } from "./rates.ts";
import type { Rights } from "./rights.ts";

/** What a client works with, once it may. */
export interface Admitted {
  readonly rights: Rights;
  readonly storage: Storage;
  readonly parts: Parts;
  readonly rate: Rate | undefined;
}

/** What carrying out requests needs of the client's session. */
export interface CarrierContext {
  readonly connection: Connection;
  readonly intake: Intake;
  readonly keepAlive: KeepAlive;
  readonly login: Login | undefined;
  /** The client, where it may ask for things. */
  readonly admitted: () => Admitted | undefined;
  readonly observe: Observe<ServerEvent>;
  /** Told of errors that are nobody's fault but ours. */
  readonly onInternalError: (error: unknown) => void;
  /** Told of each request that was carried out by itself. */
  readonly onAnswered: (job: Job) => void;
}

/**
 * Minds whether a request is still to be carried out.
 * @throws {RequestFailed} `426`, where it is not
 */
export function mindJob({ connection }: CarrierContext, job: Job): void {
  if (job.cancelled) throw aborted("Cancelled");
  if (connection.isLost) throw aborted("The connection was lost");
}

/**
 * What the one that carries out a request has to do with its client.
 * @param isPaid whether the request's body has passed the client's rate
 */
export function exchangeFor(
  context: CarrierContext,
  job: Job,
  turn: Turn,
  isPaid: boolean,
): Exchange {
  const { connection, intake, keepAlive } = context;
  const mind = (): void => mindJob(context, job);
  const admitted = (): Admitted => {
    const client = context.admitted();
    if (client !== undefined) return client;
    throw new Error("nobody has logged in");
  };
  return {
    get storage() {
      return admitted().storage;
    },
    get parts() {
      return admitted().parts;
    },
    get rights() {
      return admitted().rights;
    },
    open: async (path) => {
      const { storage } = admitted();
      const ahead = turn.isNow ? undefined : await storage.openAhead?.(path);
      if (ahead !== undefined) return ahead;
      await turn.come;
      mind();
      return storage.open(path);
    },
    login: context.login,
    cutBody: (cause) => job.body?.fail(cause),
    client: connection.remote,
    observe: context.observe,
    nextOfBody: async () => {
      if (job.body === undefined) throw new Error("the request has no body");
      const event = await job.body.next();
      if (event.type === "block" && !isPaid) {
        await context.admitted()?.rate?.pass(event.data.length, mind);
      }
      return event;
    },
    turn: async () => {
      await turn.come;
      mind();
    },
    begin: (fields) =>
      turn.whenNow(() => {
        connection.write(formatSuccess(150, fields));
        keepAlive.bodyBegan();
      }),
    block: async (buffer, length, digest, onTaken) => {
      if (!turn.isNow) await turn.come;
      await context.admitted()?.rate?.pass(length, mind);
      connection.write(frameBlock(buffer, length, digest), onTaken);
      keepAlive.sent();
      await connection.drained();
    },
    tellProgress: () => {
      const { body } = job;
      if (body === undefined) return;
      turn.whenNow(() => keepAlive.tellMore(() => intake.partOf(body)));
    },
    progress: (done) => {
      if (turn.isNow) keepAlive.done = done;
      mind();
    },
  };
}
