/** Sends pieces as fast as the other side takes them. */
export class Pump {
  readonly #socket: Bun.Socket<unknown>;
  readonly #pieces: Iterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  /** @param pieces each may use the memory of the one before */
  constructor(socket: Bun.Socket<unknown>, pieces: Iterator<Uint8Array>) {
    this.#socket = socket;
    this.#pieces = pieces;
  }

  /** Goes on until the connection takes no more. */
  run(): void {
    for (;;) {
      if (this.#rest.length === 0) {
        const next = this.#pieces.next();
        if (next.done === true) return;
        this.#rest = next.value;
      }
      const sent = this.#socket.write(this.#rest);
      this.#rest = this.#rest.subarray(Math.max(0, sent));
      if (this.#rest.length > 0) return;
    }
  }
}

/** Something that comes in parts of a known length. */
export interface Parts {
  /** How long the next part is, in bytes; 0 behind the last. */
  readonly wanted: number;
  /** Takes that part, whose memory is used again. */
  part(bytes: Buffer): void;
}

export interface Taker {
  took(bytes: Uint8Array): void;
}

/** Puts parts together of what comes, and tells when the last was there. */
export function take(parts: Parts, done: () => void): Taker {
  let room = Buffer.allocUnsafeSlow(1 << 20);
  let filled = 0;
  return {
    took(bytes) {
      for (let at = 0; ;) {
        const { wanted } = parts;
        if (wanted === 0) return done();
        if (wanted > room.length) room = Buffer.concat([room], wanted);
        const some = Math.min(wanted - filled, bytes.length - at);
        room.set(bytes.subarray(at, at + some), filled);
        filled += some;
        at += some;
        if (filled < wanted) return;
        filled = 0;
        parts.part(room.subarray(0, wanted));
      }
    },
  };
}

export const DIGEST_BYTES = 8;

/** @throws {Error} where bytes are not what a digest before them says */
export function check(digest: bigint, bytes: Uint8Array): void {
  if (Bun.hash.xxHash3(bytes) !== digest) throw new Error("It was damaged on the way");
}
