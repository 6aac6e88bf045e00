import { lstat, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Path } from "../../src/storage/errors.ts";
import { LocalStorage } from "../../src/storage/local/local.ts";
import { TemporaryFolder } from "../support/programs.ts";
import type { Ground } from "./ground.ts";

/** A storage in a temporary folder, with another folder beside it that nobody may touch. */
export class LocalGround implements Ground {
  readonly storage: LocalStorage;
  /** The folder that the storage serves. */
  readonly root: string;
  /** A folder beside it, where a link may lead. */
  readonly outside: string;
  readonly #folder: TemporaryFolder;
  readonly #others: LocalStorage[] = [];

  private constructor(storage: LocalStorage, folder: TemporaryFolder) {
    this.storage = storage;
    this.#folder = folder;
    this.root = folder.join("root");
    this.outside = folder.join("outside");
  }

  static async make(): Promise<LocalGround> {
    const folder = new TemporaryFolder();
    await mkdir(folder.join("outside"));
    return new LocalGround(await LocalStorage.open(folder.join("root"), { make: true }), folder);
  }

  /** A path inside the root, for calls of the system. */
  at(...parts: string[]): string {
    return [this.root, ...parts].join("/");
  }

  async again(): Promise<LocalStorage> {
    const other = await LocalStorage.open(this.root, { make: false });
    this.#others.push(other);
    return other;
  }

  async plant(path: Path, content: Uint8Array): Promise<void> {
    const file = this.at(...path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  async holds(path: Path): Promise<boolean> {
    return lstat(this.at(...path)).then(
      () => true,
      () => false,
    );
  }

  /** The names in the staging folder; none where it does not exist. */
  staged(): Promise<string[]> {
    return readdir(this.at(".sftp-staging")).catch(() => []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const storage of [this.storage, ...this.#others]) await storage.close();
    this.#folder[Symbol.dispose]();
  }
}
