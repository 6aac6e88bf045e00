import { StorageError, type Path } from "../errors.ts";
import type {
  Ahead,
  CreateOptions,
  Entry,
  Item,
  Leftover,
  NewSmallFile,
  Part,
  Sink,
  Source,
  Storage,
} from "../storage.ts";
import type { Quota } from "./quota.ts";
import { LimitedSink } from "./sink.ts";

/** A storage within a quota, which others may share. Reading is not limited. */
export class LimitedStorage implements Storage {
  readonly #inner: Storage;
  readonly #quota: Quota;
  /** The last of those that change the file under a name. */
  readonly #changing = new Map<string, Promise<unknown>>();

  constructor(inner: Storage, quota: Quota) {
    this.#inner = inner;
    this.#quota = quota;
    quota.cover(inner);
  }

  get location(): string {
    return this.#inner.location;
  }

  get ahead(): Ahead | undefined {
    return this.#inner.ahead;
  }

  stat(path: Path): Promise<Item> {
    return this.#inner.stat(path);
  }

  list(path: Path, options: { readonly recursive: boolean }): AsyncIterable<readonly Entry[]> {
    return this.#inner.list(path, options);
  }

  open(path: Path): Promise<Source> {
    return this.#inner.open(path);
  }

  async openAhead(path: Path): Promise<Source | undefined> {
    return this.#inner.openAhead?.(path);
  }

  get readSmall() {
    return this.#inner.readSmall?.bind(this.#inner);
  }

  get storeSmall() {
    const { storeSmall } = this.#inner;
    return storeSmall && ((files: readonly NewSmallFile[]) => this.#storeAll(files, storeSmall));
  }

  async #storeAll(
    files: readonly NewSmallFile[],
    storeSmall: NonNullable<Storage["storeSmall"]>,
  ): Promise<readonly (number | undefined)[]> {
    await this.#quota.ready();
    const paths = files.map(({ path }) => path);
    return this.#alone(paths, () =>
      this.#changingBytes(async () => {
        /** What room was taken for, with the bytes that each has replaced. */
        const outcome = new Map<NewSmallFile, number | undefined>();
        try {
          for (const file of files) if (this.#takes(file)) outcome.set(file, undefined);
          const fitting = [...outcome.keys()];
          const stored = await storeSmall(fitting);
          for (const [place, file] of fitting.entries()) outcome.set(file, stored[place]);
        } finally {
          for (const [{ content }, replaced] of outcome) {
            this.#quota.give(replaced ?? content.length);
          }
        }
        return files.map((file) => outcome.get(file));
      }),
    );
  }

  usage(): Promise<number> {
    return this.#inner.usage();
  }

  async create(path: Path, options: CreateOptions): Promise<Sink> {
    this.#quota.checkFile(path, options.size ?? 0);
    await this.#quota.ready();
    return this.#begin(options, async (all) =>
      this.#limit(path, await this.#inner.create(path, all), options.size),
    );
  }

  async resume(
    path: Path,
    part: Part,
    options: Omit<CreateOptions, "part">,
  ): Promise<Sink | undefined> {
    this.#quota.checkFile(path, options.size ?? 0);
    await this.#quota.ready();
    return this.#begin(options, async (all) => {
      const sink = await this.#inner.resume(path, part, all);
      return sink && (await this.#limit(path, sink, options.size));
    });
  }

  makeFolder(path: Path): Promise<void> {
    return this.#inner.makeFolder(path);
  }

  async delete(path: Path): Promise<void> {
    await this.#quota.ready();
    await this.#alone([path], () =>
      this.#changingBytes(async () => {
        const size = await this.#sizeOf(path);
        await this.#inner.delete(path);
        this.#quota.give(size);
      }),
    );
  }

  rename(from: Path, to: Path): Promise<void> {
    // Who counts meanwhile may meet what is moved twice, or not at all.
    return this.#changingBytes(() => this.#inner.rename(from, to));
  }

  async leftovers(): Promise<readonly Leftover[]> {
    return (await this.#inner.leftovers?.()) ?? [];
  }

  sweep(age: number): Promise<void> {
    return this.#inner.sweep(age);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #limit(path: Path, sink: Sink, size: number | undefined): Promise<Sink> {
    const limited = new LimitedSink(path, sink, this.#quota, (commit) =>
      this.#alone([path], async () => {
        const replaced = await this.#sizeOf(path);
        await commit();
        return replaced;
      }),
    );
    try {
      if (size !== undefined) await limited.announce(size);
    } catch (error) {
      await limited.keep();
      throw error;
    }
    return limited;
  }

  /**
   * Begins a file. What earlier attempts had taken is given back as soon as it is gone, and nobody
   * counts anew between the two.
   */
  async #begin<T extends Pick<CreateOptions, "onForgotten">, S>(
    options: T,
    begin: (options: T) => Promise<S>,
  ): Promise<S> {
    const onForgotten = (bytes: number): void => {
      this.#quota.give(bytes);
      options.onForgotten?.(bytes);
    };
    this.#quota.writing(1);
    try {
      return await begin({ ...options, onForgotten });
    } finally {
      this.#quota.writing(-1);
    }
  }

  /** Takes room for a file, if there is. Why there is none is told of one that is by itself. */
  #takes({ path, content }: NewSmallFile): boolean {
    try {
      this.#quota.checkFile(path, content.length);
      this.#quota.take(path, content.length);
      return true;
    } catch (error) {
      if (error instanceof StorageError) return false;
      throw error;
    }
  }

  /** One after the other for each name, so that each knows what it replaces or removes. */
  async #alone<T>(paths: readonly Path[], work: () => Promise<T>): Promise<T> {
    const names = paths.map((path) => path.join("/"));
    const before = names.map((name) => this.#changing.get(name));
    const done = Promise.all(before).then(work);
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    for (const name of names) this.#changing.set(name, settled);
    try {
      return await done;
    } finally {
      for (const name of names) {
        if (this.#changing.get(name) === settled) this.#changing.delete(name);
      }
    }
  }

  /** Changes what there is and then what is counted: between the two nobody may count anew. */
  async #changingBytes<T>(work: () => Promise<T>): Promise<T> {
    this.#quota.writing(1);
    try {
      return await work();
    } finally {
      this.#quota.writing(-1);
    }
  }

  async #sizeOf(path: Path): Promise<number> {
    // Whatever is wrong with it is said by whoever changes it.
    return this.#inner.stat(path).then(
      ({ size }) => size,
      () => 0,
    );
  }
}
