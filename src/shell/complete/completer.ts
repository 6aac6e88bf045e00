import { CommandFailed } from "../../client/errors.ts";
import type { Session } from "../../client/session.ts";
import type { Path } from "../../protocol/path.ts";
import { looksLikeOption } from "../check-words.ts";
import type { Command } from "../command.ts";
import { COMMANDS } from "../commands.ts";
import { findCommand } from "../find.ts";
import type { LocalSide } from "../local-path.ts";
import { BadCommandLine, parseCommands, type Word } from "../parse.ts";
import { isPattern } from "../pattern.ts";
import { parseRemotePath } from "../remote-path.ts";
import { completionOf, NOTHING, type Candidate, type Completion } from "./completion.ts";
import { kindsOf, type Kind } from "./kinds.ts";
import { candidatesFrom, localCandidates, splitTyped } from "./names.ts";
import { programs } from "./programs.ts";
import { RemoteNames } from "./remote-names.ts";
import { wordAtCursor } from "./word.ts";

/** How long a disk or a server may take to tell its names, in milliseconds. */
const PATIENCE_MS = 1000;

/** Commands behind which the server holds what it held before. */
const LOOKING: ReadonlySet<string> = new Set([
  "LS",
  "CD",
  "PWD",
  "STAT",
  "HELP",
  "STATUS",
  "LLS",
  "LCD",
  "LPWD",
  "!",
]);

/** Where names begin at the moment. */
export interface Places extends LocalSide {
  /** The connection, where it is free. */
  readonly session: Session | undefined;
  readonly remoteFolder: Path;
}

/** What is there to choose from beside commands and files. */
export interface CompleterOptions {
  readonly places: () => Places;
  /** The names of the servers that the configuration knows. */
  readonly servers: readonly string[];
  /** Told of a connection that was asked for names, and did not give them. */
  readonly onSilent: (session: Session) => void;
}

/** Knows how what is typed may go on. */
export class Completer {
  readonly #options: CompleterOptions;
  readonly #remote = new RemoteNames();

  constructor(options: CompleterOptions) {
    this.#options = options;
  }

  /** Completes the word that ends at the cursor. Never rejects, and takes about a second at most. */
  async complete(before: string, after: string): Promise<Completion> {
    const place = wordAtCursor(before);
    if (place === undefined) return NOTHING;
    const giveUp = Promise.withResolvers<readonly Candidate[]>();
    const timer = setTimeout(() => giveUp.resolve([]), PATIENCE_MS);
    const found =
      place.reader === "sh"
        ? this.#candidatesForSh(place.before, place.word)
        : this.#candidates(place.before, place.word);
    const candidates = await Promise.race([found, giveUp.promise]);
    clearTimeout(timer);
    const sorted = candidates.toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
    return completionOf(place, sorted, after);
  }

  /** To be called before a command runs: what is asked of the server for Tab does not hold it up. */
  stop(): void {
    this.#remote.stop();
  }

  /** To be called after commands have run: names are asked for again where they may have changed. */
  ran(line: string): void {
    if (!onlyLooks(line)) this.#remote.forget();
  }

  async #candidates([name, ...given]: readonly Word[], word: Word): Promise<readonly Candidate[]> {
    if (name === undefined) return word.quoted ? [] : commandsLike(word.text);
    const command = findCommand(COMMANDS, name.text);
    if (command === undefined) return [];
    const end = given.findIndex(({ text, quoted }) => text === "--" && !quoted);
    const open = end === -1;
    if (open && isOptionBegin(word)) return optionsLike(command, given, word.text);
    if (isPattern(word)) return [];
    const options = (open ? given : given.slice(0, end)).filter(looksLikeOption);
    const words = given.length - options.length - (open ? 0 : 1);
    const found = await Promise.all(
      kindsOf(command.name, options, words).map((kind) => this.#named(kind, word)),
    );
    return distinct(found.flat());
  }

  /** Files, and as the first word programs: what options these take only they know. */
  async #candidatesForSh(before: readonly Word[], word: Word): Promise<readonly Candidate[]> {
    if (isPattern(word) || isOptionBegin(word)) return [];
    const isProgram = before.length === 0 && !word.text.includes("/");
    if (isProgram) return word.text === "" ? [] : programs();
    return localCandidates(this.#options.places(), word.text);
  }

  async #named(kind: Kind, { text }: Word): Promise<readonly Candidate[]> {
    switch (kind) {
      case "command":
        return commandsLike(text);
      case "server":
        return this.#options.servers.map((server) => ({ text: server, folder: false }));
      case "local":
        return localCandidates(this.#options.places(), text);
      case "local-folder":
        return foldersOf(await localCandidates(this.#options.places(), text));
      case "remote":
        return this.#remoteLike(text);
      case "remote-folder":
        return foldersOf(await this.#remoteLike(text));
    }
  }

  async #remoteLike(typed: string): Promise<readonly Candidate[]> {
    const { session, remoteFolder } = this.#options.places();
    if (session === undefined || session.lost !== undefined) return [];
    try {
      const folder = parseRemotePath(splitTyped(typed).folder, remoteFolder);
      return candidatesFrom(typed, await this.#remote.in(session, folder));
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      // Whatever is wrong is told to whoever runs a command.
      this.#options.onSilent(session);
      return [];
    }
  }
}

/** Commands that begin like this, in its case: what was typed stays as it is. */
function commandsLike(typed: string): Candidate[] {
  const upper = typed.toUpperCase();
  const small = typed !== upper;
  const fitting = ({ name, synonyms }: Command): string[] => {
    // Who wants a synonym knows it; it is offered where the name does not fit.
    if (name.startsWith(upper)) return [name];
    return synonyms.filter((synonym) => synonym.startsWith(upper));
  };
  return COMMANDS.flatMap(fitting)
    .filter((name) => /^[A-Z]/.test(name))
    .map((name) => {
      const rest = name.slice(typed.length);
      return { text: typed + (small ? rest.toLowerCase() : rest), folder: false };
    });
}

function isOptionBegin({ text, quoted }: Word): boolean {
  return !quoted && text.startsWith("-");
}

/** Options that begin like this; those that were given already are left out. */
function optionsLike(command: Command, given: readonly Word[], typed: string): Candidate[] {
  const known = Object.entries(command.options ?? {});
  const taken = new Set(given.filter(({ quoted }) => !quoted).map(({ text }) => text));
  const free = known.filter(([long]) => !taken.has(`--${long}`));
  const letters = free.flatMap(([, { letter }]) => (letter === undefined ? [] : `-${letter}`));
  const long = free.map(([name]) => `--${name}`);
  // Several letters may stand together, in any order.
  const all = Array.from(typed.slice(1)).every((one) =>
    known.some(([, { letter }]) => letter === one),
  );
  const together = typed.length > 2 && !typed.startsWith("--") && all ? [typed] : [];
  return [...letters, ...long, ...together].map((text) => ({ text, folder: false }));
}

function foldersOf(candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ folder }) => folder);
}

/** A name of both sides is one. */
function distinct(candidates: readonly Candidate[]): Candidate[] {
  const byText = new Map<string, Candidate>();
  for (const one of candidates) {
    const folder = one.folder && (byText.get(one.text)?.folder ?? true);
    byText.set(one.text, { text: one.text, folder });
  }
  return [...byText.values()];
}

function onlyLooks(line: string): boolean {
  try {
    return parseCommands(line).every(({ words: [name] }) => {
      const command = findCommand(COMMANDS, name?.text ?? "");
      return command === undefined || LOOKING.has(command.name);
    });
  } catch (error) {
    // What cannot be read was not run.
    if (error instanceof BadCommandLine) return true;
    throw error;
  }
}
