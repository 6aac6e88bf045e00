import { without } from "../faults/faults.ts";
import { FileDigest } from "../digest/file.ts";
import { MAX_BLOCK_HEADER } from "../protocol/block.ts";
import { BLOCK_SIZE } from "../protocol/limits.ts";
import type { Path } from "../protocol/path.ts";
import { readBlocks } from "../storage/read-blocks.ts";
import type { Source, Storage } from "../storage/storage.ts";
import { ask } from "./ask.ts";
import { Interrupted, Refused } from "./errors.ts";
import { orRefused } from "./exchange.ts";
import { digestField, integerField } from "./fields.ts";
import { uploadKey } from "./part-id.ts";
import { confirmStored, Outcome, putKeys, sendBody, type Outgoing } from "./send-body.ts";
import type { Session } from "./session.ts";
import type { Transfer, Transferred, TransferOptions } from "./transfer.ts";

/** What was sent whole and whose reply never came. */
export interface Unconfirmed {
  /** Bytes. */
  readonly size: number;
  readonly digest: bigint;
}

export interface UploadOptions extends TransferOptions {
  /** What the keys of parts are made with. */
  readonly secret: Uint8Array;
  /** What an earlier attempt has sent of it, perhaps. */
  readonly unconfirmed?: Unconfirmed | undefined;
}

/** Where to go on, and the digest of all before that. */
interface Start {
  readonly offset: number;
  readonly digest: FileDigest;
}

/**
 * Sends a file of this side to the server, where it appears whole or not at all. The connection
 * stays usable, whatever fails, unless it is lost itself.
 */
export class Upload implements Transfer {
  readonly #storage: Storage;
  readonly #local: Path;
  readonly #remote: Path;
  readonly #options: UploadOptions;
  #fresh: boolean;
  #unconfirmed: Unconfirmed | undefined;

  constructor(storage: Storage, local: Path, remote: Path, options: UploadOptions) {
    this.#storage = storage;
    this.#local = local;
    this.#remote = remote;
    this.#options = options;
    this.#fresh = options.fresh;
    this.#unconfirmed = options.unconfirmed;
  }

  async attempt(session: Session): Promise<Transferred> {
    const started = performance.now();
    const source = await this.#storage.open(this.#local);
    let answered: () => Promise<Omit<Transferred, "seconds">>;
    try {
      answered = await this.#send(session, source);
    } finally {
      await source.close();
    }
    // What was sent and only waits for its reply holds nothing open.
    this.#options.onSent();
    const done = await answered();
    return { ...done, seconds: (performance.now() - started) / 1000 };
  }

  /** Asks whether a file whose reply was lost was stored, rather than to send it again. */
  async #settle(session: Session): Promise<Omit<Transferred, "seconds"> | undefined> {
    const unconfirmed = this.#unconfirmed;
    if (unconfirmed === undefined) return undefined;
    const { size, digest } = unconfirmed;
    const isStored = await hasStored(session, this.#remote, unconfirmed, this.#options.signal);
    this.#unconfirmed = undefined;
    return isStored ? { bytes: size, reused: size, digest: () => digest } : undefined;
  }

  /** @returns what waits for the server's reply */
  async #send(
    session: Session,
    source: Source,
  ): Promise<() => Promise<Omit<Transferred, "seconds">>> {
    const { size } = source;
    const { secret, signal, onProgress, onHandedOver } = this.#options;
    const part =
      size > BLOCK_SIZE
        ? uploadKey(secret, session.address, this.#remote, this.#storage, this.#local)
        : undefined;
    const { offset, digest } = await this.#startOf(session, source, part);
    // Asked behind HELD, which waits where the file is just being stored.
    const settled = offset === 0 ? await this.#settle(session) : undefined;
    if (settled !== undefined) return async () => settled;
    const keys = {
      ...putKeys(source),
      ...(part === undefined ? {} : { part, offset }),
    };
    const { exchange, bodyEnded } = await session.upload(this.#remote, keys, signal);
    let handedOver = offset;
    let there = offset;
    // What the system has taken may be on its way for long: the server says what has come.
    exchange.onDone = (done) => {
      const now = Math.min(done, handedOver);
      if (now <= there) return;
      there = now;
      onProgress(there, size);
    };
    onProgress(offset, size);
    const outcome = new Outcome(exchange.reply());
    const headroom = MAX_BLOCK_HEADER;
    const body: Outgoing = {
      digest,
      offset,
      blocks: readBlocks(source, digest, { from: offset, headroom }),
      unchanged: () => source.unchanged(),
      onHandedOver: (bytes) => {
        handedOver = bytes;
        onHandedOver(bytes);
        // Of what is one block no server says how much has come.
        if (size <= BLOCK_SIZE) onProgress(bytes, size);
      },
    };
    const sent = await sendBody(session.connection, body, outcome, signal, bodyEnded);
    if (sent.ended) this.#unconfirmed = { size, digest: sent.digest };
    return async () => {
      await this.#confirm(outcome, sent.digest);
      onProgress(size, size);
      return { bytes: size, reused: offset, digest: () => sent.digest };
    };
  }

  async #confirm({ reply }: Outcome, digest: bigint): Promise<void> {
    confirmStored(orRefused(await reply), digest);
    this.#unconfirmed = undefined;
  }

  async #startOf(session: Session, source: Source, part: string | undefined): Promise<Start> {
    const afresh: Start = { offset: 0, digest: new FileDigest() };
    const fresh = this.#fresh;
    this.#fresh = false;
    if (part === undefined || fresh) return afresh;
    // Both sides digest at the same time: this one until it knows how far.
    let offset: number | undefined;
    const asked = ask(session, "HELD", this.#remote, { part }, this.#options.signal).then(
      (reply) => {
        offset = integerField(reply, "offset");
        return { offset, digest: digestField(reply, "digest") };
      },
    );
    asked.catch(() => undefined);
    const digest = new FileDigest();
    let done = 0;
    for await (const { length, release } of readBlocks(source, digest, {})) {
      release();
      done += length;
      if (this.#options.signal.aborted) break;
      if (offset !== undefined && done >= offset) break;
    }
    const held = await asked;
    if (this.#options.signal.aborted) throw new Interrupted();
    if (held.offset === 0) return afresh;
    digest.truncate(held.offset / BLOCK_SIZE);
    const same = held.digest === digest.value() || (globalThis.FAULT_LAB && without("resume"));
    if (held.offset % BLOCK_SIZE === 0 && same) {
      return { offset: held.offset, digest };
    }
    this.#options.onRestart("what the server holds of it is not the beginning of this file");
    return afresh;
  }
}

/** Whether the server has a file as it was sent, where the reply to that was lost. */
export async function hasStored(
  session: Session,
  remote: Path,
  { digest }: Unconfirmed,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const reply = await ask(session, "STAT", remote, { digest: true }, signal);
    return digestField(reply, "digest") === digest;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}
