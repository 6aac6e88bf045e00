import { formatSize, formatSizes } from "../../observe/units.ts";
import { StorageError, type Path } from "../errors.ts";
import type { Leftover, Storage } from "../storage.ts";

/** How much a storage may hold, and how large a file may be, in bytes. */
export interface QuotaLimits {
  readonly total?: number | undefined;
  readonly file?: number | undefined;
}

/**
 * Counts the bytes of a storage: its files, what interrupted transfers have left, and what is being
 * written, by the size that was announced for it. It knows only what goes through it, and counts
 * anew from time to time.
 */
export class Quota {
  readonly total: number;
  readonly file: number;
  readonly #whole: Storage;
  /** What else it is for, such as folders inside. */
  readonly #covered = new Set<Storage>();
  #used = 0;
  /** Of that, for files that are being written. */
  #underWay = 0;
  #writing = 0;
  #changes = 0;
  #counted: Promise<void> | undefined;
  #dropping: Promise<void> = Promise.resolve();

  /** @param whole all that the quota is for */
  constructor(whole: Storage, { total = Infinity, file = Infinity }: QuotaLimits) {
    this.#whole = whole;
    this.total = total;
    this.file = file;
  }

  /** Whether there is any limit at all: without one nothing has to be counted. */
  get isLimited(): boolean {
    return this.total < Infinity || this.file < Infinity;
  }

  /** Counts what is there already. Whoever writes waits for it. */
  ready(): Promise<void> {
    if (this.total === Infinity) return Promise.resolve();
    this.#counted ??= this.#whole.usage().then(
      (bytes) => {
        this.#used += bytes;
      },
      (error: unknown) => {
        // The next one counts again.
        this.#counted = undefined;
        throw error;
      },
    );
    return this.#counted;
  }

  /** Counts again, for what others have changed; of no effect where something changes meanwhile. */
  async recount(): Promise<void> {
    if (this.total === Infinity) return;
    await this.ready();
    const before = this.#changes;
    const bytes = await this.#whole.usage();
    if (this.#changes === before && this.#writing === 0) this.#used = bytes;
  }

  /** Whether there is so much room. */
  fits(bytes: number): boolean {
    return bytes <= this.#free;
  }

  /**
   * Takes room for a file.
   * @throws {StorageError} `quota`, where there is not so much
   */
  take(path: Path, bytes: number): void {
    if (!this.fits(bytes)) throw this.#refusal(path, bytes, "");
    this.#used += bytes;
    this.#changes++;
  }

  /**
   * Takes room for a file, if need be that of what interrupted transfers have left: of that the
   * oldest is removed first, and nothing where all of it would not be enough.
   * @param own of the bytes that are under way, those of this very file
   * @throws {StorageError} `quota`, where there is not so much; says what else is under way
   */
  async takeOrDrop(path: Path, bytes: number, own: number): Promise<void> {
    // One after the other: nothing is removed for somebody for whom another has made room.
    const dropped = this.#dropping.then(() => this.#drop(path, bytes, own));
    this.#dropping = dropped.catch(() => undefined);
    await dropped;
  }

  /** What interrupted transfers leave here makes room as well. */
  cover(storage: Storage): void {
    this.#covered.add(storage);
  }

  /** Gives room back. */
  give(bytes: number): void {
    this.#used -= bytes;
    this.#changes++;
  }

  /** A file is begun, or has ended. */
  writing(change: 1 | -1): void {
    this.#writing += change;
    this.#changes++;
  }

  /** So much more, or less, of what is taken is for files that are being written. */
  underWay(bytes: number): void {
    this.#underWay += bytes;
  }

  /** @throws {StorageError} `quota`, where a file would be larger than one may be */
  checkFile(path: Path, size: number): void {
    if (size <= this.file) return;
    throw new StorageError(
      "quota",
      path,
      (name) => `${name} is too large: a file may have ${formatSize(this.file)}`,
    );
  }

  get #free(): number {
    return Math.max(0, this.total - this.#used);
  }

  async #drop(path: Path, bytes: number, own: number): Promise<void> {
    if (this.fits(bytes)) return this.take(path, bytes);
    const found = await this.#leftovers();
    const left = found.reduce((sum, { bytes: size }) => sum + size, 0);
    // What is not enough is left for those who come back for it.
    const dropped = bytes <= this.total - this.#used + left ? found : [];
    for (const leftover of dropped) {
      if (this.fits(bytes)) break;
      // Nobody may count anew between the two.
      this.writing(1);
      try {
        this.give(await leftover.remove());
      } finally {
        this.writing(-1);
      }
    }
    if (this.fits(bytes)) return this.take(path, bytes);
    const others = this.#underWay - own;
    const why = [
      ...(others > 0 ? [`uploads that are under way take ${formatSize(others)}`] : []),
      ...(left > 0 ? [`what interrupted uploads have left takes ${formatSize(left)}`] : []),
    ];
    throw this.#refusal(path, bytes, why.length > 0 ? `: ${why.join(", and ")}` : "");
  }

  /** All that can be dropped, the oldest first. */
  async #leftovers(): Promise<Leftover[]> {
    const all = [...this.#covered].map(async (storage) => (await storage.leftovers?.()) ?? []);
    return (await Promise.all(all)).flat().toSorted((a, b) => b.age - a.age);
  }

  #refusal(path: Path, bytes: number, why: string): StorageError {
    const [needed, left] = formatSizes(bytes, this.#free);
    return new StorageError(
      "quota",
      path,
      (name) => `${name} needs ${needed} more, and the quota leaves ${left}${why}`,
    );
  }
}
