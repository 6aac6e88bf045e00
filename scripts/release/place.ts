import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** The files of a release, of any version. */
const MADE =
  /^(?:sftp-\d[\w.]*-[a-z0-9-]+\.(?:tar\.xz|zip)|simple-ftp_\d[\w.]*_[a-z0-9]+\.deb|submission\.zip|SHA256SUMS)$/;

/** A folder that a release is made for: it gets there whole, or what is there stays. */
export class Place implements Disposable {
  /** Where the release is put together. */
  readonly folder: string;
  /** For whatever else has to lie somewhere until then. */
  readonly scratch: string;
  readonly #to: string;
  readonly #beside: string;
  readonly #clean = (): void => rmSync(this.#beside, { recursive: true, force: true });

  /** @throws where there is something in the folder that no release has made */
  constructor(to: string) {
    checkPlace(to);
    this.#to = existsSync(to) ? realpathSync(to) : to;
    mkdirSync(dirname(this.#to), { recursive: true });
    this.#beside = mkdtempSync(`${this.#to}-making-`);
    process.once("exit", this.#clean);
    this.folder = join(this.#beside, "release");
    this.scratch = join(this.#beside, "parts");
    mkdirSync(this.folder);
    mkdirSync(this.scratch);
  }

  /** Puts what was made in the place of the former release. */
  finish(): void {
    // Somebody may have put something there meanwhile.
    checkPlace(this.#to);
    const former = join(this.#beside, "former");
    if (existsSync(this.#to)) renameSync(this.#to, former);
    renameSync(this.folder, this.#to);
  }

  [Symbol.dispose](): void {
    this.#clean();
    process.off("exit", this.#clean);
  }
}

function checkPlace(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
  const real = existsSync(folder) ? lstatSync(realpathSync(folder)) : undefined;
  if (real?.isDirectory() !== true) {
    throw new Error(`${folder} is no folder: choose another with --to`);
  }
  const strange = readdirSync(folder, { withFileTypes: true }).find(
    (entry) => !entry.isFile() || !MADE.test(entry.name),
  );
  if (strange === undefined) return;
  throw new Error(
    `${folder} holds ${strange.name}, which is of no release, and a release takes the place of all ` +
      "that is there: name a new folder, or an empty one, with --to",
  );
}
