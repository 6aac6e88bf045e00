import type { Connection } from "../transport/connection.ts";

/** How often it is looked whether the server is silent, in milliseconds. */
const LOOK_MS = 1000;

/** Cuts a connection whose other side is silent for too long while it is awaited. */
export class SilenceWatch {
  readonly #connection: Connection;
  readonly #timeout: number;
  /** How many wait for the other side. */
  #awaited = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param timeout how long is too long, in milliseconds */
  constructor(connection: Connection, timeout: number) {
    this.#connection = connection;
    this.#timeout = timeout;
  }

  /** The other side is awaited from now on, until `end`. */
  begin(): void {
    this.#awaited++;
    this.#connection.restartSilence();
    this.#timer ??= setInterval(() => {
      if (this.#awaited === 0 || this.#connection.silence < this.#timeout) return;
      this.#connection.destroy(`no answer for ${this.#timeout / 1000} s`);
    }, LOOK_MS);
    this.#timer.unref();
  }

  end(): void {
    this.#awaited--;
  }

  /** Watches no more, for good. */
  stop(): void {
    clearInterval(this.#timer);
  }
}
