import { formatSize, formatSizes } from "../../observe/units.ts";
import { StorageError, type Path } from "../errors.ts";
import type { Storage } from "../storage.ts";

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
  #used = 0;
  #writing = 0;
  #changes = 0;
  #counted: Promise<void> | undefined;

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

  /**
   * Takes room for a file.
   * @throws {StorageError} `quota`, where there is not so much
   */
  take(path: Path, bytes: number): void {
    const free = Math.max(0, this.total - this.#used);
    if (bytes > free) {
      const [needed, left] = formatSizes(bytes, free);
      throw new StorageError(
        "quota",
        path,
        (name) => `${name} needs ${needed} more, and the quota leaves ${left}`,
      );
    }
    this.#used += bytes;
    this.#changes++;
  }

  /** Gives room back. */
  give(bytes: number): void {
    this.#used -= bytes;
    this.#changes++;
  }

  /** Something that changes what there is is begun, or has ended. */
  writing(change: 1 | -1): void {
    this.#writing += change;
    this.#changes++;
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
}
