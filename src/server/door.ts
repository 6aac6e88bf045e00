import { isAmongLast } from "../storage/local/descriptors.ts";
import type { RefusedReason } from "../observe/events.ts";
import { formatFailure } from "../protocol/reply.ts";
import { isLoopbackAddress, networkOf } from "../security/ip.ts";
import type { Connection } from "../transport/connection.ts";
import type { Refusal } from "../transport/reception.ts";

/** Who has come. */
export type Visitor = Pick<Connection, "remoteAddress" | "remote" | "destroy">;

/** How many connections may be open at once. */
export interface DoorLimits {
  readonly connections: number;
  /** From one address, of IPv6 one /64; loopback is not counted. */
  readonly perAddress: number;
  /** That have not logged in, where that is needed. */
  readonly unauthenticated: number;
}

/**
 * How long nobody has to make room for a network that has as few as their own, in milliseconds: an
 * honest client is through with its login by then.
 */
const GRACE_MS = 2000;
const EVICTED = "Too many connections have not logged in";

interface Reason {
  readonly reason: RefusedReason;
  readonly message: string;
}

/** Counts who is there, and turns away whoever is too many. */
export class Door {
  readonly #limits: DoorLimits;
  readonly #onRefused: (reason: RefusedReason, client: string) => void;
  readonly #perNetwork = new Map<string, number>();
  /** Who has not logged in, by network, in the order of coming, and since when. */
  readonly #unknown = new Map<string, Map<Visitor, number>>();
  #inside = 0;
  /** Connections of proxies that have not said yet who has come. */
  #expected = 0;
  #unknownInAll = 0;

  /** @param onRefused called for each that is turned away, or that another takes the place of */
  constructor(limits: DoorLimits, onRefused: (reason: RefusedReason, client: string) => void) {
    this.#limits = limits;
    this.#onRefused = onRefused;
  }

  /**
   * Counts a connection of a proxy until it has said who has come.
   * @returns what to call when it has, or is gone; or why it is turned away
   */
  expect({ remote }: Visitor, descriptor: number): (() => void) | Refusal {
    const refused = this.#whyFull(descriptor);
    if (refused !== undefined) return this.#refuse(refused, remote);
    this.#expected++;

    return () => {
      this.#expected--;
    };
  }

  /**
   * Lets a connection in until it leaves, or says why it is turned away.
   * @param needsLogin whether it counts as unauthenticated until `known`
   * @param now as `performance.now()` tells it
   */
  enter(
    connection: Visitor,
    descriptor: number,
    needsLogin: boolean,
    now = performance.now(),
  ): Refusal | undefined {
    const network = networkOf(connection.remoteAddress);
    const refused = this.#whyNot(connection, network, descriptor, needsLogin, now);
    if (refused !== undefined) return this.#refuse(refused, connection.remote);
    this.#inside++;
    this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 0) + 1);
    if (needsLogin) this.#addUnknown(network, connection, now);
    return undefined;
  }

  /** It has logged in. */
  known(connection: Visitor): void {
    const network = networkOf(connection.remoteAddress);
    const unknown = this.#unknown.get(network);
    if (unknown?.delete(connection) !== true) return;
    this.#unknownInAll--;
    if (unknown.size === 0) this.#unknown.delete(network);
  }

  /** One that was let in is closed. */
  leave(connection: Visitor): void {
    const network = networkOf(connection.remoteAddress);
    this.#inside--;
    this.known(connection);
    const left = (this.#perNetwork.get(network) ?? 1) - 1;
    if (left > 0) this.#perNetwork.set(network, left);
    else this.#perNetwork.delete(network);
  }

  #refuse({ reason, message }: Reason, remote: string): Refusal {
    this.#onRefused(reason, remote);
    const text = formatFailure({ code: 421, word: "busy" }, message);
    return { text, isCostly: reason === "descriptors" };
  }

  /** Why nobody at all can be let in. */
  #whyFull(descriptor: number): Reason | undefined {
    const { connections } = this.#limits;
    if (isAmongLast(descriptor)) {
      return { reason: "descriptors", message: "The server has too many files open: try later" };
    }
    if (this.#inside + this.#expected >= connections) {
      const message = `All ${connections} connections of this server are in use: try later`;
      return { reason: "max-connections", message };
    }
    return undefined;
  }

  #whyNot(
    { remoteAddress }: Visitor,
    network: string,
    descriptor: number,
    needsLogin: boolean,
    now: number,
  ): Reason | undefined {
    const { perAddress, unauthenticated } = this.#limits;
    const full = this.#whyFull(descriptor);
    if (full !== undefined) return full;
    const here = this.#perNetwork.get(network) ?? 0;
    if (here >= perAddress && !isLoopbackAddress(remoteAddress)) {
      const message = `Your address has ${here} connections open, and may have no more`;
      return { reason: "max-per-address", message };
    }
    if (needsLogin && this.#unknownInAll >= unauthenticated && !this.#makeRoom(network, now)) {
      const message = "Too many connections wait for their login: try later";
      return { reason: "max-unauthenticated", message };
    }
    return undefined;
  }

  /**
   * Closes the oldest of the network that has the most, if that has more than this one would; where
   * it would have as many, the oldest of all such, if that has had the time to log in.
   */
  #makeRoom(network: string, now: number): boolean {
    const mine = (this.#unknown.get(network)?.size ?? 0) + 1;
    let most = mine;
    for (const { size } of this.#unknown.values()) most = Math.max(most, size);
    let oldest: Visitor | undefined;
    let since = most > mine ? Infinity : now - GRACE_MS;
    for (const unknown of this.#unknown.values()) {
      const [[candidate, came] = []] = unknown;
      if (unknown.size !== most || candidate === undefined || came === undefined) continue;
      if (came > since) continue;
      oldest = candidate;
      since = came;
    }
    if (oldest === undefined) return false;
    this.#onRefused("max-unauthenticated", oldest.remote);
    this.known(oldest);
    oldest.destroy(EVICTED);
    return true;
  }

  #addUnknown(network: string, connection: Visitor, now: number): void {
    const unknown = this.#unknown.get(network) ?? new Map<Visitor, number>();
    this.#unknown.set(network, unknown.set(connection, now));
    this.#unknownInAll++;
  }
}
