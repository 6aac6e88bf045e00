import { expect } from "bun:test";
import { FileDigest } from "../../src/digest/file.ts";
import { StorageError, type Path, type Problem } from "../../src/storage/errors.ts";
import { readBlocks } from "../../src/storage/read-blocks.ts";
import type { Attributes, CreateOptions, Entry, Storage } from "../../src/storage/storage.ts";

/** A storage with nothing in it, and what a test needs around it. */
export interface Ground extends AsyncDisposable {
  readonly storage: Storage;
  /** Another storage over the same place, as another process would have it; closed with this. */
  again(): Promise<Storage>;
  /** Puts a file there that did not come by way of the storage, with folders as needed. */
  plant(path: Path, content: Uint8Array): Promise<void>;
  /** Whether anything is there under exactly that name, hidden or not. */
  holds(path: Path): Promise<boolean>;
}

export type MakeGround = () => Promise<Ground>;

/** What not every storage can do. */
export interface Capabilities {
  /** Holds files whose names could not be created by way of the storage. */
  readonly foreignNames: boolean;
  /** Moves a folder with what it holds. */
  readonly movesFolders: boolean;
  /** Every step goes over a network: tests that repeat do that this share of times. */
  readonly repeats: number;
}

/** Bytes that differ from place to place and from seed to seed. */
export function bytesOf(length: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let index = 0; index < length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

/** Stores a file from its first byte to its name. */
export async function store(
  storage: Storage,
  path: Path,
  content: Uint8Array | string,
  options: CreateOptions & Attributes = {},
): Promise<void> {
  const sink = await storage.create(path, options);
  try {
    await sink.write(Buffer.from(content));
    await sink.commit(options);
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

/** The content of a file, read as a transfer reads it. */
export async function load(storage: Storage, path: Path): Promise<Buffer> {
  const source = await storage.open(path);
  try {
    const blocks: Buffer[] = [];
    for await (const { buffer, length } of readBlocks(source, new FileDigest(), {})) {
      blocks.push(buffer.subarray(0, length));
    }
    return Buffer.concat(blocks);
  } finally {
    await source.close();
  }
}

/** A listing as lines, sorted: `type path`. */
export async function listed(storage: Storage, path: Path, recursive = false): Promise<string[]> {
  const entries = await entriesOf(storage, path, recursive);
  return entries.map(({ type, path }) => `${type} ${path.join("/")}`).toSorted();
}

/** A listing as it comes. */
export async function entriesOf(storage: Storage, path: Path, recursive = false): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const some of storage.list(path, { recursive })) entries.push(...some);
  return entries;
}

/** What a storage says to something that it must refuse; `done` where it did not. */
export async function problemOf(doing: () => Promise<unknown>): Promise<Problem | "done"> {
  try {
    await doing();
    return "done";
  } catch (error) {
    if (error instanceof StorageError) return error.problem;
    throw error;
  }
}

/** Demands that something is refused, and why. */
export async function expectProblem(
  problem: Problem,
  doing: () => Promise<unknown>,
): Promise<void> {
  expect(await problemOf(doing)).toBe(problem);
}
