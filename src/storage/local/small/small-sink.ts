import { Ending } from "../../ending.ts";
import type { Path } from "../../errors.ts";
import type { Attributes, Sink } from "../../storage.ts";
import type { SmallFiles } from "./small-files.ts";

/** A small file, which is kept until it is whole. */
export class SmallSink implements Sink {
  readonly held = 0;
  readonly #path: Path;
  readonly #small: SmallFiles;
  readonly #create: () => Promise<Sink>;
  readonly #content: Uint8Array[] = [];
  readonly #ending = new Ending();

  /** @param create begins it the ordinary way */
  constructor(path: Path, small: SmallFiles, create: () => Promise<Sink>) {
    this.#path = path;
    this.#small = small;
    this.#create = create;
  }

  async announce(): Promise<void> {}

  async digestHeld(): Promise<void> {}

  write(bytes: Uint8Array): undefined {
    this.#content.push(bytes);
  }

  commit(attributes: Attributes): Promise<void> {
    return this.#ending.commit(() => this.#commit(attributes));
  }

  /** Nothing of it is anywhere but in memory. */
  keep(): Promise<number> {
    return this.#ending.leave(() => Promise.resolve(0));
  }

  async abort(): Promise<void> {
    await this.keep();
  }

  async #commit(attributes: Attributes): Promise<void> {
    const [only] = this.#content;
    const content = this.#content.length === 1 && only ? only : Buffer.concat(this.#content);
    const [replaced] = await this.#small.store([{ path: this.#path, content, attributes }]);
    if (replaced !== undefined) return;
    const sink = await this.#create();
    try {
      if (content.length > 0) await sink.write(content);
    } catch (error) {
      await sink.abort();
      throw error;
    }
    await sink.commit(attributes);
  }
}
