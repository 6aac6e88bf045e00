import { emitKeypressEvents, type Key } from "node:readline";

/** A key as it was pressed. */
export interface Pressed {
  readonly text: string | undefined;
  readonly key: Key;
  /** Whether it is a tab that stands in the middle of what was pasted: no more than a blank. */
  readonly isBlank: boolean;
}

export interface KeyboardEvents {
  readonly onKey: (pressed: Pressed) => void;
  /** The terminal is gone. */
  readonly onEnd: () => void;
  /** The program goes on behind a stop. */
  readonly onContinue: () => void;
}

/** The keys of the terminal, one by one as they are pressed. Ctrl-Z stops the program by itself. */
export class Keyboard {
  readonly #events: KeyboardEvents;
  /** Whether what came last ended in its only tab, as it does where that was pressed. */
  #endsInTab = false;

  constructor(events: KeyboardEvents) {
    this.#events = events;
    const { stdin } = process;
    stdin.on("data", this.#notice);
    emitKeypressEvents(stdin);
    stdin.on("keypress", this.#take);
    stdin.on("end", events.onEnd);
    process.on("SIGCONT", this.#continue);
    stdin.setRawMode(true);
    stdin.resume();
  }

  /** Lets another program have the terminal. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    const { stdin } = process;
    stdin.pause();
    stdin.setRawMode(false);
    try {
      return await work();
    } finally {
      stdin.setRawMode(true);
      stdin.resume();
    }
  }

  /** Gives the terminal back as it was. */
  close(): void {
    const { stdin } = process;
    stdin.off("data", this.#notice);
    stdin.off("keypress", this.#take);
    stdin.off("end", this.#events.onEnd);
    process.off("SIGCONT", this.#continue);
    stdin.setRawMode(false);
    stdin.pause();
  }

  readonly #notice = (piece: Uint8Array | string): void => {
    const text = typeof piece === "string" ? piece : Buffer.from(piece).toString("latin1");
    this.#endsInTab = text.indexOf("\t") === text.length - 1;
  };

  readonly #take = (text: string | undefined, key: Key): void => {
    if (key.ctrl === true && key.name === "z") {
      process.stdin.setRawMode(false);
      process.kill(process.pid, "SIGTSTP");
      return;
    }
    this.#events.onKey({ text, key, isBlank: key.name === "tab" && !this.#endsInTab });
  };

  /** The shell from which the program was started has had the terminal. */
  readonly #continue = (): void => {
    process.stdin.setRawMode(true);
    this.#events.onContinue();
  };
}
