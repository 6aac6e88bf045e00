import { clearLine as eraseLine, createInterface, cursorTo, type Interface } from "node:readline";
import { PassThrough } from "node:stream";
import type { Completion } from "../complete/completion.ts";
import { isKept } from "../history.ts";
import { inColumns } from "../table.ts";
import { Keyboard, type Pressed } from "./keyboard.ts";
import { PlainLine } from "./plain-line.ts";
import { QuietScreen } from "./quiet-screen.ts";
import { Search } from "./search.ts";

/** The most names that are shown to choose from. */
const MOST_CHOICES = 200;

/** Has a terminal mark what is pasted, or do so no more. */
const markPasted = (on: boolean): string => `\u001b[?2004${on ? "h" : "l"}`;

/** What an editor tells, and asks. */
export interface EditorEvents {
  /** A line was typed to its end. */
  readonly onLine: (line: string) => void;
  /** Ctrl-C. */
  readonly onInterrupt: () => void;
  /** Ctrl-D, or the terminal is gone. */
  readonly onEnd: () => void;
  /** Whether what is typed is a command, at a prompt: only then is it completed and looked up. */
  readonly isPrompting: () => boolean;
  /** Whether a line is awaited: until then a command has the screen, and what is typed waits. */
  readonly isAwaited: () => boolean;
  /** Whether a line may be offered again. */
  readonly isRemembered: (line: string) => boolean;
  readonly complete: (before: string, after: string) => Promise<Completion>;
}

/**
 * The line that a person types: readline's, with a search, a completion that what is typed behind it
 * waits for, and a Ctrl-Z that comes back.
 */
export class Editor {
  readonly #screen: NodeJS.WriteStream;
  readonly #events: EditorEvents;
  readonly #quiet: QuietScreen;
  readonly #line: Interface;
  readonly #keyboard: Keyboard;
  /** Where the terminal obeys nothing, and readline leaves the line as it is. */
  readonly #plain: PlainLine | undefined;
  #lines: readonly string[];
  #prompt = "";
  #searching: { readonly search: Search; readonly before: string } | undefined;
  #isClosed = false;
  /** What was typed while no line was awaited. */
  #ahead: Pressed[] = [];
  #typedAhead = false;
  /** What was typed behind a Tab whose completion is still to come. */
  #behindTab: Pressed[] | undefined;

  /** @param lines what was typed earlier, the newest first */
  constructor(screen: NodeJS.WriteStream, lines: readonly string[], events: EditorEvents) {
    this.#screen = screen;
    this.#events = events;
    this.#lines = lines;
    this.#quiet = new QuietScreen(screen, () => !events.isAwaited());
    this.#line = createInterface({
      // Keys are handed over one by one.
      input: new PassThrough(),
      output: this.#quiet,
      terminal: true,
      historySize: 1000,
      history: [...lines],
    });
    if (process.env["TERM"] === "dumb") this.#plain = new PlainLine(this.#line, this.#quiet);
    this.#line.on("history", (all: string[]) => {
      const [newest = ""] = all;
      if (!isKept(newest) || !events.isPrompting() || !events.isRemembered(newest)) all.shift();
      this.#lines = [...all];
    });
    this.#line.on("line", (line) => {
      events.onLine(line);
      this.#typedAhead = false;
    });
    this.#line.on("SIGINT", events.onInterrupt);
    this.#line.on("close", () => {
      if (!this.#isClosed) events.onEnd();
      this.close();
    });
    this.#keyboard = new Keyboard({
      onKey: (pressed) => this.#take(pressed),
      onEnd: () => this.#line.close(),
      onTaken: (isTaken) => {
        if (this.#plain === undefined) screen.write(markPasted(isTaken));
      },
      onContinue: () => {
        if (events.isPrompting()) this.#redraw();
      },
    });
    process.on("exit", this.#leave);
  }

  /** What is typed so far. */
  get text(): string {
    return this.#line.line;
  }

  /** Whether some of the line was typed before there was a prompt. */
  get typedAhead(): boolean {
    return this.#typedAhead;
  }

  /** Shows a prompt, and behind it what was typed already, as if it were typed now. */
  prompt(prompt: string): void {
    this.#prompt = prompt;
    this.#redraw();
    while (this.#events.isAwaited() && !this.#isClosed) {
      const pressed = this.#ahead.shift();
      if (pressed === undefined) break;
      this.#typedAhead = true;
      this.#press(pressed);
    }
  }

  /** Drops what was typed before there was a prompt. */
  dropTypedAhead(): void {
    this.#ahead = [];
    this.#behindTab = undefined;
  }

  /** Shows something in the place of the line, which goes on below it. */
  interject(show: () => void): void {
    this.#leaveSearch();
    if (this.#plain !== undefined) {
      this.#screen.write("\n");
    } else {
      cursorTo(this.#screen, 0);
      eraseLine(this.#screen, 0);
    }
    show();
  }

  /** Drops what is typed. Readline itself leaves it where it is. */
  clear(): void {
    this.#leaveSearch();
    this.#write("");
    this.#typedAhead = false;
  }

  /** Lets another program have the terminal. */
  lend<T>(work: () => Promise<T>): Promise<T> {
    return this.#keyboard.lend(work);
  }

  /** Lets a question read the terminal by itself. */
  yieldTo<T>(question: () => Promise<T>): Promise<T> {
    return this.#keyboard.yieldTo(question);
  }

  /** Gives the terminal back as it was. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.off("exit", this.#leave);
    this.#keyboard.close();
    this.#line.close();
    this.#quiet.leave();
  }

  /** What ends the program at once, such as SIGTERM, leaves the terminal as it was too. */
  readonly #leave = (): void => this.close();

  #take(pressed: Pressed): void {
    const { key } = pressed;
    if (this.#events.isAwaited()) this.#press(pressed);
    else if (key.ctrl === true && key.name === "c") this.#events.onInterrupt();
    else this.#ahead.push(pressed);
  }

  #press(pressed: Pressed): void {
    const { text, key, isBlank } = pressed;
    if (this.#behindTab !== undefined) {
      if (key.ctrl !== true || key.name !== "c") {
        this.#behindTab.push(pressed);
        return;
      }
      this.#behindTab = undefined;
    }
    if (this.#searching !== undefined && this.#search(pressed)) return;
    if (this.#plain?.press(key) === true) return;
    if (key.name === "tab" && key.ctrl !== true && key.shift !== true) {
      if (isBlank) this.#line.write(" ");
      else if (this.#events.isPrompting()) void this.#complete();
      return;
    }
    if (key.ctrl === true && key.name === "r") {
      if (this.#events.isPrompting() && this.#plain === undefined) this.#beginSearch();
      return;
    }
    this.#line.write(text ?? "", key);
  }

  /** Puts in what there is to complete, or shows what there is; then goes on with what came behind. */
  async #complete(): Promise<void> {
    const { line, cursor } = this.#line;
    const behind: Pressed[] = [];
    this.#behindTab = behind;
    const asked = { before: line.slice(0, cursor), after: line.slice(cursor) };
    const { insert, choices } = await this.#events.complete(asked.before, asked.after);
    // Ctrl-C has ended it.
    if (this.#behindTab !== behind || this.#isClosed) return;
    this.#behindTab = undefined;
    if (insert !== "") this.#line.write(insert);
    if (choices.length > 0) {
      this.#show(choices, asked.after);
      // Who pressed it twice has what the second one asks for.
      while (behind[0]?.key.name === "tab") behind.shift();
    }
    for (const pressed of behind) this.#take(pressed);
  }

  #show(choices: readonly string[], after: string): void {
    const shown = choices.slice(0, MOST_CHOICES);
    const more = choices.length - shown.length;
    const rows = [
      ...inColumns(shown, Math.max(20, this.#screen.columns ?? 80)),
      ...(more > 0 ? [`and ${more} more`] : []),
    ];
    // Below the last row of a line that may have several.
    this.#line.write(null, { ctrl: true, name: "e" });
    this.#screen.write(`\r\n${rows.join("\r\n")}\r\n`);
    this.#showLine();
    for (const _ of after) this.#line.write(null, { name: "left" });
  }

  #beginSearch(): void {
    this.#searching = { search: new Search(this.#lines), before: this.text };
    this.#showSearch();
  }

  /** @returns whether the key was for the search alone */
  #search({ text, key }: Pressed): boolean {
    if (this.#searching === undefined) return false;
    const { search, before } = this.#searching;
    if (key.ctrl === true && (key.name === "g" || key.name === "c")) {
      this.#leaveSearch(key.name === "g" ? before : "");
      return true;
    }
    if (key.ctrl === true && key.name === "r") search.older();
    else if (key.name === "backspace") search.takeBack();
    else if (key.ctrl !== true && key.meta !== true && isPrintable(text)) search.add(text);
    else {
      // Any other key goes on with what was found.
      this.#leaveSearch(search.found ?? before);
      return key.name === "escape";
    }
    this.#showSearch();
    return true;
  }

  #showSearch(): void {
    if (this.#searching === undefined) return;
    const { search } = this.#searching;
    const none = search.wanted !== "" && search.found === undefined;
    this.#line.setPrompt(`${none ? "not found" : "search"} '${search.wanted}': `);
    this.#write(search.found ?? "");
  }

  #leaveSearch(text = this.#searching?.before): void {
    if (this.#searching === undefined) return;
    this.#searching = undefined;
    this.#line.setPrompt(this.#prompt);
    this.#write(text ?? "");
  }

  #write(text: string): void {
    if (this.#plain !== undefined) return this.#plain.clear();
    this.#line.write(null, { ctrl: true, name: "e" });
    this.#line.write(null, { ctrl: true, name: "u" });
    if (text !== "") this.#line.write(text);
    this.#line.prompt(true);
  }

  #redraw(): void {
    if (this.#searching !== undefined) this.#showSearch();
    else this.#showLine();
  }

  #showLine(): void {
    this.#line.setPrompt(this.#prompt);
    this.#line.prompt(true);
    this.#plain?.show();
  }
}

function isPrintable(text: string | undefined): text is string {
  return text !== undefined && /^[^\p{Cc}]+$/u.test(text);
}
