import { emitKeypressEvents, type Key } from "node:readline";

/** A key as it was pressed. */
export interface Pressed {
  readonly text: string | undefined;
  readonly key: Key;
  /** Whether it is a tab that stands in what was pasted: no more than a blank. */
  readonly isBlank: boolean;
}

export interface KeyboardEvents {
  readonly onKey: (pressed: Pressed) => void;
  /** The terminal is gone. */
  readonly onEnd: () => void;
  /** The program takes the terminal for itself, or gives it back. */
  readonly onTaken: (isTaken: boolean) => void;
  /** The program goes on behind a stop. */
  readonly onContinue: () => void;
}

/**
 * Who has the terminal: this keyboard, a question of this program that reads it by itself, another
 * program, or whoever comes behind this one.
 */
type User = "keyboard" | "question" | "program" | "next";

/** The keys of the terminal, one by one as they are pressed. Ctrl-Z stops the program by itself. */
export class Keyboard {
  readonly #events: KeyboardEvents;
  /** Whether what comes was pasted, as terminals say that were asked to. */
  #isPasting = false;
  #user: User = "keyboard";

  constructor(events: KeyboardEvents) {
    this.#events = events;
    const { stdin } = process;
    emitKeypressEvents(stdin);
    stdin.on("keypress", this.#take);
    stdin.on("end", events.onEnd);
    process.on("SIGCONT", this.#continue);
    this.#setRaw(true);
    stdin.resume();
  }

  /** Lets another program have the terminal. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    const { stdin } = process;
    stdin.pause();
    this.#user = "program";
    this.#setRaw(false);
    try {
      return await work();
    } finally {
      if (this.#isBack()) {
        this.#setRaw(true);
        stdin.resume();
      }
    }
  }

  /** Lets a question read the terminal by itself, raw as it is: pastes are not marked for it. */
  async yieldTo<T>(question: () => Promise<T>): Promise<T> {
    this.#user = "question";
    this.#events.onTaken(false);
    try {
      return await question();
    } finally {
      if (this.#isBack()) this.#events.onTaken(true);
    }
  }

  /** Gives the terminal back as it was. */
  close(): void {
    const { stdin } = process;
    stdin.off("keypress", this.#take);
    stdin.off("end", this.#events.onEnd);
    process.off("SIGCONT", this.#continue);
    this.#user = "next";
    this.#setRaw(false);
    stdin.pause();
  }

  /** The terminal comes back, unless this keyboard was closed meanwhile. */
  #isBack(): boolean {
    if (this.#user === "next") return false;
    this.#user = "keyboard";
    return true;
  }

  #setRaw(isRaw: boolean): void {
    process.stdin.setRawMode(isRaw);
    this.#events.onTaken(isRaw);
  }

  readonly #take = (text: string | undefined, key: Key): void => {
    if (key.name === "paste-start" || key.name === "paste-end") {
      this.#isPasting = key.name === "paste-start";
      return;
    }
    if (key.ctrl === true && key.name === "z") {
      this.#setRaw(false);
      process.kill(process.pid, "SIGTSTP");
      return;
    }
    this.#events.onKey({ text, key, isBlank: key.name === "tab" && this.#isPasting });
  };

  /** The shell from which the program was started has had the terminal. */
  readonly #continue = (): void => {
    // Another program was stopped together with this one, and goes on with the terminal.
    if (this.#user === "program") return;
    if (this.#user === "question") {
      process.stdin.setRawMode(true);
      return;
    }
    this.#setRaw(true);
    this.#events.onContinue();
  };
}
