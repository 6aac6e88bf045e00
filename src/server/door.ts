import { isAmongLast } from "../storage/local/descriptors.ts";
import type { RefusedReason } from "../observe/events.ts";
import { formatFailure } from "../protocol/reply.ts";
import { isLoopbackAddress, networkOf } from "../security/ip.ts";
import type { Connection } from "../transport/connection.ts";
import type { Refusal } from "../transport/tcp.ts";

/** How many connections may be open at once. */
export interface DoorLimits {
  readonly connections: number;
  /** From one address, of IPv6 one /64; loopback is not counted. */
  readonly perAddress: number;
  /** That have not logged in, where that is needed. */
  readonly unauthenticated: number;
}

const EVICTED = "Too many connections from this address have not logged in";

/** Counts who is there, and turns away whoever is too many. */
export class Door {
  readonly #limits: DoorLimits;
  readonly #onRefused: (reason: RefusedReason, client: string) => void;
  readonly #perNetwork = new Map<string, number>();
  /** Who has not logged in, by network, in the order of coming. */
  readonly #unknown = new Map<string, Set<Connection>>();
  #inside = 0;
  #unknownInAll = 0;

  /** @param onRefused called for each that is turned away, or that another takes the place of */
  constructor(limits: DoorLimits, onRefused: (reason: RefusedReason, client: string) => void) {
    this.#limits = limits;
    this.#onRefused = onRefused;
  }

  /**
   * Lets a connection in until it is closed, or says why it is turned away.
   * @param needsLogin whether it counts as unauthenticated until `known`
   */
  enter(connection: Connection, descriptor: number, needsLogin: boolean): Refusal | undefined {
    const network = networkOf(connection.remoteAddress);
    const refused = this.#whyNot(connection, network, descriptor, needsLogin);
    if (refused !== undefined) {
      this.#onRefused(refused.reason, connection.remote);
      const text = formatFailure({ code: 421, word: "busy" }, refused.message);
      return { text, isCostly: refused.reason === "descriptors" };
    }
    this.#inside++;
    this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 0) + 1);
    if (needsLogin) this.#addUnknown(network, connection);
    void connection.closed.then(() => this.#leave(network, connection));
    return undefined;
  }

  /** It has logged in. */
  known(connection: Connection): void {
    const network = networkOf(connection.remoteAddress);
    const unknown = this.#unknown.get(network);
    if (unknown?.delete(connection) !== true) return;
    this.#unknownInAll--;
    if (unknown.size === 0) this.#unknown.delete(network);
  }

  #whyNot(
    { remoteAddress }: Connection,
    network: string,
    descriptor: number,
    needsLogin: boolean,
  ): { readonly reason: RefusedReason; readonly message: string } | undefined {
    const { connections, perAddress, unauthenticated } = this.#limits;
    if (isAmongLast(descriptor)) {
      return { reason: "descriptors", message: "The server has too many files open: try later" };
    }
    if (this.#inside >= connections) {
      const message = `All ${connections} connections of this server are in use: try later`;
      return { reason: "max-connections", message };
    }
    const here = this.#perNetwork.get(network) ?? 0;
    if (here >= perAddress && !isLoopbackAddress(remoteAddress)) {
      const message = `Your address has ${here} connections open, and may have no more`;
      return { reason: "max-per-address", message };
    }
    if (needsLogin && this.#unknownInAll >= unauthenticated && !this.#makeRoom(network)) {
      const message = "Too many connections wait for their login: try later";
      return { reason: "max-unauthenticated", message };
    }
    return undefined;
  }

  /** Closes the oldest of the network that has the most, if that has more than this one would. */
  #makeRoom(network: string): boolean {
    let most: Set<Connection> | undefined;
    for (const unknown of this.#unknown.values()) {
      if (unknown.size > (most?.size ?? 0)) most = unknown;
    }
    const [oldest] = most ?? [];
    if (most === undefined || oldest === undefined) return false;
    const mine = this.#unknown.get(network)?.size ?? 0;
    if (most.size <= mine + 1) return false;
    this.#onRefused("max-unauthenticated", oldest.remote);
    this.known(oldest);
    oldest.destroy(EVICTED);
    return true;
  }

  #addUnknown(network: string, connection: Connection): void {
    const unknown = this.#unknown.get(network) ?? new Set();
    this.#unknown.set(network, unknown.add(connection));
    this.#unknownInAll++;
  }

  #leave(network: string, connection: Connection): void {
    this.#inside--;
    this.known(connection);
    const left = (this.#perNetwork.get(network) ?? 1) - 1;
    if (left > 0) this.#perNetwork.set(network, left);
    else this.#perNetwork.delete(network);
  }
}
