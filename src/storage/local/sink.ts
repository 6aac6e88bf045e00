import { rename } from "node:fs/promises";
import type { FileDigest } from "../../digest/file.ts";
import { fault, shortened, without } from "../../faults/faults.ts";
import { StorageError, type Path } from "../errors.ts";
import { Ending } from "../ending.ts";
import { randomId } from "../ids.ts";
import { checkCreatable } from "../names.ts";
import { BLOCK_SIZE, digestRange } from "../read-blocks.ts";
import type { Attributes, CreateOptions, Part, Sink } from "../storage.ts";
import { fromSystem } from "./errno.ts";
import { heldBytes } from "./held.ts";
import { executable, fileTime } from "./item.ts";
import type { Claimed, Parts } from "./parts.ts";
import { skipBytes } from "./skip-bytes.ts";
import { ownName } from "./staged-name.ts";
import { discard, type Staged, type Staging } from "./staging.ts";
import { checkRoom, checkTarget } from "./target.ts";
import { WriteBehind } from "./write-behind.ts";
import { publish, vanished, type PublishContext } from "./publish.ts";

/** What a sink needs of the storage that it belongs to. */
export interface SinkContext extends PublishContext {
  readonly staging: Staging;
  readonly parts: Parts;
}

/** Begins a file in the staging folder, after everything was refused that can be known now. */
export async function createSink(
  context: SinkContext,
  path: Path,
  { part, ...options }: CreateOptions,
): Promise<Sink> {
  try {
    await check(context, path, options);
    await makeRoom(context, path, options);
    const claimed =
      part === undefined
        ? await unclaimed(context, path, options)
        : await context.parts.create(path, part, options);
    return new LocalSink(context, path, options.absent === true, claimed, part !== undefined, 0);
  } catch (error) {
    throw fromSystem(error, path);
  }
}

/** Goes on with what an earlier attempt has left; `undefined` where there is nothing of use. */
export async function resumeSink(
  context: SinkContext,
  path: Path,
  part: Part,
  options: Omit<CreateOptions, "part">,
): Promise<Sink | undefined> {
  try {
    await check(context, path, options);
    const claimed = await context.parts.claim(path, part, options);
    return claimed && (await goOn(context, path, claimed, options));
  } catch (error) {
    throw fromSystem(error, path);
  }
}

async function goOn(
  context: SinkContext,
  path: Path,
  claimed: Claimed,
  { absent, size: announced, onForgotten }: Omit<CreateOptions, "part">,
): Promise<Sink | undefined> {
  const { handle } = claimed.staged;
  let held: number;
  try {
    const { size } = await handle.stat();
    held = await heldBytes(handle, claimed.inOrder);
    if (globalThis.FAULT_LAB) fault("truncate");
    await handle.truncate(held);
    if (size > held) onForgotten?.(size - held);
    // What is held has its room already.
    if (announced !== undefined) await checkRoom(context.root, path, announced - held);
  } catch (error) {
    await leave(context, claimed);
    throw error;
  }
  const sink = new LocalSink(context, path, absent === true, claimed, true, held);
  if (held > 0) return sink;
  await sink.abort();
  return undefined;
}

/** Lets go of a part as it is. */
async function leave({ staging }: SinkContext, { staged, release }: Claimed): Promise<void> {
  await staged.handle.close().catch(() => undefined);
  release(true);
  await staging.release(staged);
}

/** Looks whether there is room, if need be without what earlier attempts have left for the name. */
async function makeRoom(
  { root, parts }: SinkContext,
  path: Path,
  options: Omit<CreateOptions, "part">,
): Promise<void> {
  const { size } = options;
  if (size === undefined) return;
  try {
    await checkRoom(root, path, size);
  } catch (error) {
    if (!(error instanceof StorageError) || !(await parts.forget(path, options))) throw error;
    await checkRoom(root, path, size);
  }
}

async function check(
  { root, twins }: SinkContext,
  path: Path,
  { absent }: Omit<CreateOptions, "part">,
): Promise<void> {
  checkCreatable(path);
  await checkTarget(root, twins, path, absent === true);
}

async function unclaimed(
  { staging, parts }: SinkContext,
  path: Path,
  options: Omit<CreateOptions, "part">,
): Promise<Claimed> {
  await parts.forget(path, options);
  const staged = await staging.create(path, ownName(randomId(), "tmp"));
  return { staged, inOrder: true, release: () => undefined };
}

class LocalSink implements Sink {
  readonly held: number;
  readonly #context: SinkContext;
  readonly #path: Path;
  readonly #absent: boolean;
  readonly #claimed: Claimed;
  readonly #staged: Staged;
  readonly #isPart: boolean;
  readonly #writer: WriteBehind;
  readonly #ending = new Ending();

  constructor(
    context: SinkContext,
    path: Path,
    absent: boolean,
    claimed: Claimed,
    isPart: boolean,
    held: number,
  ) {
    this.#context = context;
    this.#path = path;
    this.#absent = absent;
    this.#claimed = claimed;
    this.#staged = claimed.staged;
    this.#isPart = isPart;
    this.held = held;
    this.#writer = new WriteBehind(claimed.staged.handle, held);
  }

  async announce(size: number): Promise<void> {
    // What is held has its room already.
    await checkRoom(this.#context.root, this.#path, size - this.held);
  }

  async digestHeld(digest: FileDigest, onProgress: (bytes: number) => void): Promise<void> {
    const readable = {
      path: this.#path,
      size: this.held,
      read: (offset: number, buffers: readonly Uint8Array[]) => this.#read(offset, buffers),
    };
    await digestRange(readable, digest, {}, onProgress);
  }

  write(bytes: Uint8Array, onWritten?: () => void): Promise<void> | undefined {
    return this.#writer.write(bytes, onWritten)?.catch((error: unknown) => {
      throw fromSystem(error, this.#path);
    });
  }

  commit(attributes: Attributes): Promise<void> {
    return this.#ending.commit(() => this.#commit(attributes));
  }

  keep(): Promise<number> {
    return this.#ending.leave(() => (this.#isPart ? this.#leave() : this.#forget()));
  }

  async abort(): Promise<void> {
    await this.#ending.leave(() => this.#forget());
  }

  async #read(offset: number, buffers: readonly Uint8Array[]): Promise<number> {
    const { handle } = this.#staged;
    let done = 0;
    try {
      for (let rest = buffers; rest.length > 0; rest = skipBytes(buffers, done)) {
        const into = globalThis.FAULT_LAB ? shortened("read", rest) : rest;
        const { bytesRead } = await handle.readv(into, offset + done);
        if (bytesRead === 0) throw vanished(this.#path);
        done += bytesRead;
      }
      return done;
    } catch (error) {
      throw fromSystem(error, this.#path);
    }
  }

  async #commit(attributes: Attributes): Promise<void> {
    try {
      await this.#writer.finish();
      await this.#setAttributes(attributes);
      if (this.#context.durable) await this.#sync();
      // Some file systems tell only now that a write failed: before anybody sees the file.
      await this.#staged.handle.close();
      if (globalThis.FAULT_LAB) fault("close");
      await publish(this.#context, this.#staged, this.#path, { absent: this.#absent });
    } catch (error) {
      await this.#forget();
      throw fromSystem(error, this.#path);
    }
    await this.#release();
  }

  async #sync(): Promise<void> {
    if (globalThis.FAULT_LAB && without("sync")) return;
    if (globalThis.FAULT_LAB) fault("sync");
    await this.#staged.handle.sync();
  }

  async #leave(): Promise<number> {
    try {
      await this.#writer.finish();
      const { entry, name, handle } = this.#staged;
      // Less than a block cannot be gone on with.
      const { size } = await handle.stat();
      if (size < BLOCK_SIZE) return await this.#forget();
      await handle.close();
      if (globalThis.FAULT_LAB) fault("keep");
      const kept = name.replace(".part.", ".kept.");
      await rename(entry, entry.slice(0, -name.length) + kept);
      await this.#release(true);
      return size;
    } catch {
      return this.#forget();
    }
  }

  async #forget(): Promise<0> {
    await this.#writer.finish().catch(() => undefined);
    await this.#staged.handle.close().catch(() => undefined);
    await discard(this.#staged);
    await this.#release();
    return 0;
  }

  async #release(kept = false): Promise<void> {
    this.#claimed.release(kept);
    await this.#context.staging.release(this.#staged);
  }

  async #setAttributes({ mtime, exec }: Attributes): Promise<void> {
    const { handle } = this.#staged;
    if (exec === true) {
      if (globalThis.FAULT_LAB) fault("mode");
      const { mode } = await handle.stat();
      await handle.chmod(executable(mode));
    }
    if (mtime !== undefined) {
      if (globalThis.FAULT_LAB) fault("times");
      const time = fileTime(mtime);
      await handle.utimes(time, time);
    }
  }
}
