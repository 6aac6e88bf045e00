import { Writable } from "node:stream";

/** A terminal on which a line that is being typed is shown only at its time. */
export class QuietScreen extends Writable {
  readonly isTTY = true;
  readonly #screen: NodeJS.WriteStream;
  readonly #isQuiet: () => boolean;

  /** @param isQuiet whether something else has the screen, and nothing is to be shown */
  constructor(screen: NodeJS.WriteStream, isQuiet: () => boolean) {
    super({
      decodeStrings: false,
      write: (piece: string | Uint8Array, _encoding, done) => {
        if (!this.#isQuiet()) this.#screen.write(piece);
        done();
      },
    });
    this.#screen = screen;
    this.#isQuiet = isQuiet;
    screen.on("resize", this.#resize);
  }

  get columns(): number {
    return this.#screen.columns;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  /** Listens to the screen no more. */
  leave(): void {
    this.#screen.off("resize", this.#resize);
  }

  readonly #resize = (): void => {
    this.emit("resize");
  };
}
