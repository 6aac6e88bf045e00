import { StorageError, type Path } from "../storage/errors.ts";
import { Receiver } from "../storage/receiver.ts";
import type { CreateOptions, Storage } from "../storage/storage.ts";

/** How many parts may wait in one session: each has a file open. */
const MOST_WAITING = 64;

/** How a file is begun, beside what the session knows. */
type BeginOptions = Omit<CreateOptions, "part" | "by">;

/** A part of an upload that a session has open. */
export interface OpenPart {
  readonly receiver: Receiver;
  /** Has the one that now writes to it told when somebody else takes it. */
  onTaken(tell: () => void): void;
}

/**
 * The parts that one session asked for by HELD and has not gone on with: they stay open, already
 * digested, until PUT comes, or somebody else takes them, or the session ends.
 */
export class Parts {
  readonly #storage: Storage;
  readonly #by: string | undefined;
  /** Of most clients nothing is held. */
  #waiting: Map<string, OpenPart> | undefined;

  /** @param by who has logged in, where that is needed: each has parts of their own */
  constructor(storage: Storage, by: string | undefined) {
    this.#storage = storage;
    this.#by = by;
  }

  /** Begins a file of which nothing is kept where it is interrupted. */
  async begin(path: Path, options: BeginOptions): Promise<Receiver> {
    return new Receiver(path, await this.#storage.create(path, { ...options, by: this.#by }));
  }

  /**
   * Takes what is held of an upload, from whoever has it.
   * @returns how many bytes, and their digest; `undefined` where nothing is held
   */
  async hold(
    path: Path,
    key: string,
    onProgress: (bytes: number) => void,
  ): Promise<{ readonly held: number; readonly digest: bigint } | undefined> {
    const name = nameOf(path, key);
    await this.#letGo(name);
    const part = await this.#open(path, key, {});
    if (part === undefined) return undefined;
    const digest = await digestHeld(path, part, onProgress);
    part.onTaken(() => void this.#letGo(name));
    this.#waiting ??= new Map();
    this.#waiting.set(name, part);
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MOST_WAITING && oldest !== undefined) await this.#letGo(oldest);
    return { held: part.receiver.held, digest };
  }

  /**
   * The part to go on with at `offset`.
   * @throws {StorageError} `mismatch`, where something else than `offset` is held
   */
  async goOn(
    path: Path,
    key: string,
    offset: number,
    options: BeginOptions,
    onProgress: (bytes: number) => void,
  ): Promise<OpenPart> {
    const name = nameOf(path, key);
    // One that waits does not know the condition, which is a part of how a file is begun.
    if (offset === 0 || options.absent === true) await this.#letGo(name);
    if (offset === 0) return this.#create(path, key, options);
    const waiting = this.#waiting?.get(name);
    this.#waiting?.delete(name);
    const part = waiting ?? (await this.#open(path, key, options));
    if (part !== undefined && part.receiver.held === offset) {
      if (waiting === undefined) await digestHeld(path, part, onProgress);
      else if (options.size !== undefined) await announce(part, options.size);
      return part;
    }
    const held = part?.receiver.held ?? 0;
    await part?.receiver.keep();
    throw new StorageError(
      "mismatch",
      path,
      (shown) => `Of ${shown} ${held} bytes are held, and not ${offset}: ask with HELD`,
    );
  }

  /** Leaves everything that waits for another session. */
  async close(): Promise<void> {
    for (const name of this.#waiting?.keys() ?? []) await this.#letGo(name);
  }

  async #letGo(name: string): Promise<void> {
    const part = this.#waiting?.get(name);
    this.#waiting?.delete(name);
    await part?.receiver.keep();
  }

  async #create(path: Path, key: string, options: BeginOptions): Promise<OpenPart> {
    const taken = new Notice();
    const part = { id: key, onTaken: () => taken.give() };
    const sink = await this.#storage.create(path, { ...options, by: this.#by, part });
    return { receiver: new Receiver(path, sink), onTaken: (tell) => taken.tell(tell) };
  }

  async #open(path: Path, key: string, options: BeginOptions): Promise<OpenPart | undefined> {
    const taken = new Notice();
    const part = { id: key, onTaken: () => taken.give() };
    const sink = await this.#storage.resume(path, part, { ...options, by: this.#by });
    if (sink === undefined) return undefined;
    return { receiver: new Receiver(path, sink), onTaken: (tell) => taken.tell(tell) };
  }
}

/**
 * Digests what is held of a part, and lets go of it where that is cut short: whoever takes it
 * meanwhile does not wait for the end.
 */
async function digestHeld(
  path: Path,
  part: OpenPart,
  onProgress: (bytes: number) => void,
): Promise<bigint> {
  let taken = false;
  part.onTaken(() => (taken = true));
  const check = (): void => {
    if (!taken) return;
    throw new StorageError(
      "taken",
      path,
      (name) => `Another session went on with the upload of ${name}`,
    );
  };
  try {
    check();
    const digest = await part.receiver.digestHeld((bytes) => {
      check();
      onProgress(bytes);
    });
    check();
    return digest;
  } catch (error) {
    await part.receiver.keep();
    throw error;
  }
}

async function announce({ receiver }: OpenPart, size: number): Promise<void> {
  try {
    await receiver.announce(size);
  } catch (error) {
    await receiver.keep();
    throw error;
  }
}

/** Something that happens once, perhaps before anybody asked to be told. */
class Notice {
  #given = false;
  #tell: (() => void) | undefined;

  give(): void {
    this.#given = true;
    this.#tell?.();
  }

  tell(tell: () => void): void {
    this.#tell = tell;
    if (this.#given) tell();
  }
}

function nameOf(path: Path, key: string): string {
  return `${key} ${path.join("/")}`;
}
