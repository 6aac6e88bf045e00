import { Column } from "./column.ts";

/** Texts lie in pieces of so many bytes; a longer one has a piece of its own. */
const PIECE = 1 << 18;
/** In front of each: the number that it belongs to and its length in bytes, 4 bytes each. */
const HEAD = 8;
/** Nobody who names files can know which names meet in a table. */
const SEED = crypto.getRandomValues(new BigUint64Array(1))[0] ?? 0n;

/**
 * Different texts, each with a number that it belongs to, in little more memory than they have
 * bytes: a listing may have a million names. They are numbered from 0, as they are added.
 */
export class PackedTexts {
  readonly #pieces: Buffer[] = [];
  /** Bytes of the last piece that are taken. */
  #taken = PIECE;
  /** Where each begins: its piece, and the byte in it. */
  readonly #starts = new Column(Uint32Array);
  /** What has a text's digest, or one of the next free places: one more than its number. */
  #table = new Uint32Array(128);
  /** What is looked for, as it would lie in a piece. */
  #wanted: Buffer = Buffer.allocUnsafe(4096);
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a text if it is not there yet.
   * @param owner the number that it belongs to
   * @returns its own number
   */
  add(owner: number, text: string): number {
    const length = this.#want(owner, text);
    const slot = this.#slotOf(length);
    const known = this.#table[slot] ?? 0;
    if (known > 0) return known - 1;
    const number = this.#size++;
    this.#starts.set(number, this.#keep(length));
    this.#table[slot] = number + 1;
    if (2 * this.#size > this.#table.length) this.#spread();
    return number;
  }

  /** The number of a text; `undefined` where it was not added. */
  find(owner: number, text: string): number | undefined {
    const number = this.#table[this.#slotOf(this.#want(owner, text))] ?? 0;
    return number === 0 ? undefined : number - 1;
  }

  /** What was added as that number. */
  at(number: number): { readonly owner: number; readonly text: string } {
    const { piece, from } = this.#place(number);
    const end = from + HEAD + piece.readUInt32LE(from + 4);
    return { owner: piece.readUInt32LE(from), text: piece.toString("utf8", from + HEAD, end) };
  }

  /** @returns how many bytes it takes with its head */
  #want(owner: number, text: string): number {
    const most = HEAD + 3 * text.length;
    if (this.#wanted.length < most) this.#wanted = Buffer.allocUnsafe(most);
    const length = this.#wanted.write(text, HEAD);
    this.#wanted.writeUInt32LE(owner, 0);
    this.#wanted.writeUInt32LE(length, 4);
    return HEAD + length;
  }

  /** Where the text that is wanted is in the table, or would be. */
  #slotOf(length: number): number {
    const mask = this.#table.length - 1;
    let slot = digestOf(this.#wanted.subarray(0, length)) & mask;
    for (; ; slot = (slot + 1) & mask) {
      const number = this.#table[slot] ?? 0;
      if (number === 0) return slot;
      const { piece, from } = this.#place(number - 1);
      // The head has its length: what is compared ends with it, or differs in the head.
      if (piece.compare(this.#wanted, 0, length, from, Math.min(from + length, piece.length)) === 0)
        return slot;
    }
  }

  #place(number: number): { readonly piece: Buffer; readonly from: number } {
    const start = this.#starts.get(number);
    const piece = this.#pieces[Math.floor(start / PIECE)];
    if (piece === undefined)
      throw new RangeError(`There are ${this.#size} texts, and no ${number}`);
    return { piece, from: start % PIECE };
  }

  /** @returns where what is wanted lies from now on */
  #keep(length: number): number {
    if (this.#taken + length > PIECE) {
      this.#pieces.push(Buffer.allocUnsafe(Math.max(PIECE, length)));
      this.#taken = 0;
    }
    const start = (this.#pieces.length - 1) * PIECE + this.#taken;
    this.#pieces.at(-1)?.set(this.#wanted.subarray(0, length), this.#taken);
    this.#taken += length;
    return start;
  }

  /** Makes a table of twice the length. */
  #spread(): void {
    const table = new Uint32Array(2 * this.#table.length);
    const mask = table.length - 1;
    for (let number = 0; number < this.#size; number++) {
      const { piece, from } = this.#place(number);
      const end = from + HEAD + piece.readUInt32LE(from + 4);
      let slot = digestOf(piece.subarray(from, end)) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = number + 1;
    }
    this.#table = table;
  }
}

function digestOf(bytes: Uint8Array): number {
  return Number(BigInt.asUintN(32, Bun.hash.xxHash3(bytes, SEED)));
}
