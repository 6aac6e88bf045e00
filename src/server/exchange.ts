import type { Observe, ServerEvent } from "../observe/events.ts";
import { MAX_BLOCK_HEADER } from "../protocol/block.ts";
import type { SuccessCode } from "../protocol/codes.ts";
import type { FieldValue } from "../protocol/reply.ts";
import type { Source, Storage } from "../storage/storage.ts";
import type { RequestFailed } from "./failures.ts";
import type { BodyEvent } from "./job.ts";
import type { Path } from "../storage/errors.ts";
import type { Login } from "./login.ts";
import type { Parts } from "./parts.ts";
import type { Rights } from "./rights.ts";

/** Bytes that whoever fills a block leaves free in front of it. */
export const HEADROOM = MAX_BLOCK_HEADER;

/** What the one that carries out a request has to do with the connection. */
export interface Exchange {
  readonly storage: Storage;
  readonly rights: Rights;
  /** Where clients have to log in. */
  readonly login: Login | undefined;
  /** The parts of uploads that this session has open. */
  readonly parts: Parts;
  /** The other side, as `address:port`. */
  readonly client: string;
  readonly observe: Observe<ServerEvent>;
  /** Opens the file of a GET. */
  open(path: Path): Promise<Source>;
  /**
   * The next piece of a PUT's body.
   * @throws {RequestFailed} where it is cut before its end
   */
  nextOfBody(): Promise<BodyEvent>;
  /** Ends the reading of the body with an error, also one that is waited for. */
  cutBody(cause: RequestFailed): void;
  /**
   * Waits until everything that was asked for before is answered.
   * @throws {RequestFailed} `426`, where the client has cancelled the request
   */
  turn(): Promise<void>;
  /** Announces a body. */
  begin(fields: Record<string, FieldValue>): void;
  /**
   * Sends a block. Settles when the next may be sent.
   * @param buffer holds the block's bytes from `HEADROOM` on
   * @param onTaken told when the buffer is not needed any more
   */
  block(buffer: Buffer, length: number, digest: bigint, onTaken?: () => void): Promise<void>;
  /** Has the client told of all that `progress` says, rather than only where nothing else is. */
  tellProgress(): void;
  /**
   * Says how far the work is, in bytes or whatever it counts in.
   * @throws {RequestFailed} `426`, where the client has cancelled the request
   */
  progress(done: number): void;
}

/** The final reply of a request that was done. */
export interface Done {
  readonly code: SuccessCode;
  readonly fields?: Record<string, FieldValue>;
}
