import { blockDigest } from "../digest/block.ts";
import { FileDigest } from "../digest/file.ts";
import { BLOCK_SIZE } from "../protocol/limits.ts";
import type { Path } from "../protocol/path.ts";
import { brokenProtocol, CommandFailed, Interrupted } from "./errors.ts";
import { orRefused, type Exchange, type Success } from "./exchange.ts";
import { digestField, integerField } from "./fields.ts";
import { onAbort } from "./on-abort.ts";
import type { Session } from "./session.ts";
import { Status } from "./status.ts";
import type { Transfer, Transferred, TransferOptions } from "./transfer.ts";

/**
 * Gets a file from the server into a stream, such as a pipe. Every block is verified before it is
 * written, the whole only at the end: whoever reads the stream has to look at the outcome. Over a
 * new connection it goes on where it was, if the file is still the same.
 */
export class StreamDownload implements Transfer {
  readonly #remote: Path;
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #options: TransferOptions;
  readonly #digest = new FileDigest();
  #written = 0;
  #size: number | undefined;

  /** @param write settles when the bytes are not looked at any more: others take their place */
  constructor(remote: Path, write: (bytes: Uint8Array) => Promise<void>, options: TransferOptions) {
    this.#remote = remote;
    this.#write = write;
    this.#options = options;
  }

  async attempt(session: Session): Promise<Transferred> {
    const started = performance.now();
    const { signal } = this.#options;
    const offset = this.#written - (this.#written % BLOCK_SIZE);
    const exchange = session.request("GET", this.#remote, offset > 0 ? { offset } : {});
    const forget = onAbort(signal, () => exchange.startCancel());
    try {
      const begun = await exchange.success();
      if (begun.code !== 150) throw brokenProtocol("The server's reply to GET has no body");
      const size = this.#sizeOf(begun, offset);
      const digest = await this.#receive(exchange, size, offset);
      const seconds = (performance.now() - started) / 1000;
      return { bytes: size, reused: 0, digest: () => digest, seconds };
    } catch (error) {
      throw signal.aborted ? new Interrupted() : error;
    } finally {
      forget();
      await exchange.cancel();
    }
  }

  /** @throws {CommandFailed} where it is not the file that was begun */
  #sizeOf(begun: Success, offset: number): number {
    const size = integerField(begun, "size");
    const same =
      integerField(begun, "offset") === offset &&
      (this.#size === undefined || this.#size === size) &&
      (offset === 0 || digestField(begun, "prefix") === this.#digest.prefix(offset / BLOCK_SIZE));
    if (!same) {
      throw new CommandFailed(
        Status.mismatch,
        "The file on the server has changed: what was written of it is of no use",
      );
    }
    this.#size = size;
    return size;
  }

  async #receive(exchange: Exchange, size: number, offset: number): Promise<bigint> {
    const { signal, onProgress } = this.#options;
    let received = offset;
    for (;;) {
      if (signal.aborted) throw new Interrupted();
      const event = await exchange.next();
      if (event.type === "reply") {
        const digest = digestField(orRefused(event.reply), "digest");
        if (received === size && digest === this.#digest.value()) return digest;
        throw new CommandFailed(
          Status.mismatch,
          `Of ${this.#remote.join("/")} something else was written than the server has`,
        );
      }
      const digest = blockDigest(event.data);
      if (digest !== event.digest) {
        throw new CommandFailed(
          Status.mismatch,
          `The bytes of ${this.#remote.join("/")} were damaged on the way: a block's digest is wrong`,
        );
      }
      received += event.data.length;
      // The last block may have been written already, over the connection before.
      if (received > this.#written) {
        this.#digest.add(digest);
        await this.#write(event.data);
        this.#written = received;
        onProgress(received, size);
      }
      event.release?.();
    }
  }
}
