import { closeSync, fstatSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { check, DIGEST_BYTES, type Parts } from "./wire.ts";

const BLOCK = 262_144;
/** A file's size; behind that the digest of what was held, and then its blocks, each with its digest. */
const HEAD_BYTES = 8;

/** A file, from where what is held ends. */
export function* blocksOf(path: string, held: number): Generator<Uint8Array> {
  // What the kernel has not taken stays in it while others are served.
  const room = Buffer.allocUnsafeSlow(DIGEST_BYTES + BLOCK);
  const file = openSync(path, "r");
  const { size } = fstatSync(file);
  room.writeDoubleLE(size);
  yield room.subarray(0, HEAD_BYTES);
  if (held > 0) {
    room.writeBigUInt64LE(digestOf(path, held));
    yield room.subarray(0, DIGEST_BYTES);
  }
  for (let at = held; at < size; at += BLOCK) {
    const length = readSync(file, room, DIGEST_BYTES, Math.min(BLOCK, size - at), at);
    const piece = room.subarray(0, DIGEST_BYTES + length);
    piece.writeBigUInt64LE(Bun.hash.xxHash3(piece.subarray(DIGEST_BYTES)));
    yield piece;
  }
  closeSync(file);
}

/** The digest of the digests of what is held. */
export function digestOf(path: string, held: number): bigint {
  const file = openSync(path, "r");
  const block = Buffer.allocUnsafeSlow(BLOCK);
  const digests = Buffer.alloc(DIGEST_BYTES * Math.ceil(held / BLOCK));
  for (let at = 0; at < held; at += BLOCK) {
    const length = readSync(file, block, 0, Math.min(BLOCK, held - at), at);
    const digest = Bun.hash.xxHash3(block.subarray(0, length));
    digests.writeBigUInt64LE(digest, (at / BLOCK) * DIGEST_BYTES);
  }
  closeSync(file);
  return Bun.hash.xxHash3(digests);
}

/** A file that comes as `blocksOf` gives it. */
export class Receiving implements Parts {
  readonly #path: string;
  readonly #staged: string;
  readonly #file: number;
  #digest: bigint | undefined;
  #size: number | undefined;
  #at: number;

  /** @param digest of what is held already, where anything is */
  constructor(path: string, held: number, digest?: bigint) {
    this.#path = path;
    this.#staged = held > 0 ? path : `${path}.part`;
    this.#file = openSync(this.#staged, held > 0 ? "r+" : "w");
    this.#at = held;
    this.#digest = digest;
  }

  get wanted(): number {
    if (this.#size === undefined) return HEAD_BYTES;
    if (this.#digest !== undefined) return DIGEST_BYTES;
    const left = this.#size - this.#at;
    return left > 0 ? DIGEST_BYTES + Math.min(BLOCK, left) : 0;
  }

  part(bytes: Buffer): void {
    if (this.#size === undefined) this.#size = bytes.readDoubleLE();
    else if (this.#digest !== undefined) {
      if (bytes.readBigUInt64LE() !== this.#digest) throw new Error("It is another file");
      this.#digest = undefined;
    } else {
      const block = bytes.subarray(DIGEST_BYTES);
      check(bytes.readBigUInt64LE(), block);
      writeSync(this.#file, block, 0, block.length, this.#at);
      this.#at += block.length;
      if (this.#at < this.#size) return;
      closeSync(this.#file);
      renameSync(this.#staged, this.#path);
    }
  }
}
