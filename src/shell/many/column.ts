/** Numbers lie in pieces of 2 to the power of this, so that none is copied when there are more. */
const BITS = 12;
const PIECE = 1 << BITS;

type Numbers = Uint8Array | Uint32Array | Float64Array;

/** Very many numbers by their places, 0 where none was set, in no more memory than they take. */
export class Column {
  readonly #Kind: new (length: number) => Numbers;
  readonly #pieces: Numbers[] = [];

  /** @param Kind of the numbers: how many bytes each of them takes, and what it can be */
  constructor(Kind: new (length: number) => Numbers) {
    this.#Kind = Kind;
  }

  get(place: number): number {
    return this.#pieces[place >> BITS]?.[place & (PIECE - 1)] ?? 0;
  }

  set(place: number, number: number): void {
    const index = place >> BITS;
    while (this.#pieces.length <= index) this.#pieces.push(new this.#Kind(PIECE));
    const piece = this.#pieces[index];
    if (piece !== undefined) piece[place & (PIECE - 1)] = number;
  }
}
