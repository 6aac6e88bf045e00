import { without } from "../faults/faults.ts";
import type { Path } from "../protocol/path.ts";
import { BLOCK_SIZE } from "../protocol/limits.ts";
import { Receiver } from "../storage/receiver.ts";
import type { Part, Storage } from "../storage/storage.ts";
import { brokenProtocol, Interrupted, Refused } from "./errors.ts";
import { orRefused, type Exchange, type Success } from "./exchange.ts";
import { digestField, integerField } from "./fields.ts";
import { onAbort } from "./on-abort.ts";
import { downloadId } from "./part-id.ts";
import type { Session } from "./session.ts";
import type { Transfer, Transferred, TransferOptions } from "./transfer.ts";

export interface DownloadOptions extends TransferOptions {
  /** The file's size in bytes where that is known: what fits in a block leaves nothing behind. */
  readonly size?: number | undefined;
}

/**
 * Gets a file from the server into a storage of this side, where it appears whole or not at all.
 * The connection stays usable, whatever fails, unless it is lost itself.
 */
export class Download implements Transfer {
  readonly #remote: Path;
  readonly #storage: Storage;
  readonly #local: Path;
  readonly #options: DownloadOptions;
  #fresh: boolean;
  /** Bytes of the body that are still to come, as far as that is known. */
  #left = Infinity;

  constructor(remote: Path, storage: Storage, local: Path, options: DownloadOptions) {
    this.#remote = remote;
    this.#storage = storage;
    this.#local = local;
    this.#options = options;
    this.#fresh = options.fresh;
  }

  async attempt(session: Session): Promise<Transferred> {
    const started = performance.now();
    const part = this.#part(session);
    const afresh = this.#fresh || (this.#options.size ?? Infinity) <= BLOCK_SIZE;
    const held = afresh ? undefined : await this.#storage.resume(this.#local, part, {});
    this.#fresh = false;
    const done =
      (held && (await this.#goOn(session, new Receiver(this.#local, held)))) ??
      (await this.#begin(session, part));
    return { ...done, seconds: (performance.now() - started) / 1000 };
  }

  #part({ address }: Session): Part {
    const remote = this.#remote;
    const storage = this.#storage;
    const local = this.#local;
    return {
      // Made only where it is needed, since it costs more than a small file.
      get id() {
        return downloadId(address, remote, storage, local);
      },
      // Whoever else gets the same file to the same place at the same time does so without our part.
      onTaken: () => undefined,
    };
  }

  /** @returns `undefined` where what is held is of no use any more, and forgotten */
  #goOn(session: Session, receiver: Receiver): Promise<Outcome | undefined> {
    const { held } = receiver;
    return this.#request(session, held, async (exchange) => {
      // Both sides digest what is held at the same time.
      const digesting = receiver.digestHeld(() => undefined);
      digesting.catch(() => undefined);
      try {
        const begun = await bodyBegins(exchange);
        const digest = await digesting;
        const offset = integerField(begun, "offset");
        const same = offset === held && digestField(begun, "prefix") === digest;
        if (!same && !(globalThis.FAULT_LAB && without("resume"))) {
          this.#options.onRestart("the file on the server is another than the one that was begun");
          await receiver.abort();
          return undefined;
        }
        return await this.#receive(exchange, begun, receiver);
      } catch (error) {
        await digesting.catch(() => undefined);
        await endReceiver(receiver, error);
        throw error;
      }
    });
  }

  async #begin(session: Session, part: Part): Promise<Outcome> {
    return this.#request(session, undefined, async (exchange) => {
      const begun = await bodyBegins(exchange);
      const size = integerField(begun, "size");
      this.#left = size;
      if (integerField(begun, "offset") !== 0) throw brokenProtocol("The server began elsewhere");
      const sink = await this.#storage.create(this.#local, {
        size,
        part: size > BLOCK_SIZE ? part : undefined,
      });
      const receiver = new Receiver(this.#local, sink);
      try {
        return await this.#receive(exchange, begun, receiver);
      } catch (error) {
        await endReceiver(receiver, error);
        throw error;
      }
    });
  }

  /** Sends the request, and sees to it that the connection is usable afterwards. */
  async #request<T>(
    session: Session,
    offset: number | undefined,
    use: (exchange: Exchange) => Promise<T>,
  ): Promise<T> {
    const { signal } = this.#options;
    const exchange = session.request("GET", this.#remote, offset === undefined ? {} : { offset });
    this.#left = Infinity;
    const forget = onAbort(signal, () => exchange.startCancel());
    try {
      return await use(exchange);
    } catch (error) {
      throw signal.aborted ? new Interrupted() : error;
    } finally {
      forget();
      await exchange.leave(this.#left);
    }
  }

  async #receive(exchange: Exchange, begun: Success, receiver: Receiver): Promise<Outcome> {
    const { signal, onProgress } = this.#options;
    const size = integerField(begun, "size");
    const reused = receiver.received;
    let end: Success | undefined;
    while (end === undefined) {
      if (signal.aborted) throw new Interrupted();
      const event = await exchange.next();
      if (event.type === "reply") {
        end = orRefused(event.reply);
      } else {
        await receiver.block(event.data, event.digest, event.release);
        this.#left = size - receiver.received;
        onProgress(receiver.received, size);
      }
    }
    const { digest } = await receiver.finish(
      { size, digest: digestField(end, "digest") },
      { mtime: integerField(begun, "mtime"), exec: begun.fields.get("exec") === "1" },
    );
    return { bytes: size, reused, digest: () => digest };
  }
}

type Outcome = Omit<Transferred, "seconds">;

/** Why what came of a file is not the beginning of any: it changed meanwhile, or is damaged there. */
const OF_NO_USE: ReadonlySet<string> = new Set(["changed", "mismatch"]);

/** Leaves what came for a later attempt, where that can be gone on with. */
async function endReceiver(receiver: Receiver, error: unknown): Promise<void> {
  if (error instanceof Refused && OF_NO_USE.has(error.word)) await receiver.abort();
  else await receiver.endWith(error);
}

async function bodyBegins(exchange: Exchange): Promise<Success> {
  const begun = await exchange.success();
  if (begun.code !== 150) throw brokenProtocol("The server's reply to GET has no body");
  return begun;
}
