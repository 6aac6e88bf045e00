/** Text that comes bit by bit, such as what a program prints, and a way to wait for more of it. */
export class Transcript {
  #text = "";
  #ended = false;
  readonly #waiting: (() => void)[] = [];

  /** All that came so far. */
  get text(): string {
    return this.#text;
  }

  add(piece: string): void {
    this.#text += piece;
    this.#wake();
  }

  /** Nothing more comes. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Adds what a stream brings, up to its end. */
  async follow(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const piece of stream) this.add(decoder.decode(piece, { stream: true }));
  }

  /**
   * Waits until the pattern matches what came.
   * @param from where in the text to look from
   */
  async waitFor(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#text.slice(from));
      if (match !== null) return match;
      if (this.#ended) throw new Error(`${pattern} did not come before the end: ${this.#text}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
