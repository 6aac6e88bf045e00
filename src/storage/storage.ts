import type { Path } from "./errors.ts";

/** What a listing or a look tells of something that can be served. */
export interface Item {
  readonly type: "file" | "folder";
  /** Bytes; 0 for a folder. */
  readonly size: number;
  /** Milliseconds since 1970, 0 for earlier. */
  readonly mtime: number;
  /** Whether its owner may execute it; false for a folder. */
  readonly exec: boolean;
}

/** Something that exists and cannot be served, such as a link. */
export interface RefusedItem {
  readonly type: "refused";
  readonly reason: string;
}

export type Entry = { readonly path: Path } & (Item | RefusedItem);

/** What is kept of a file beside its content. */
export interface Attributes {
  /** Milliseconds since 1970; the time of storing where it is left out. */
  readonly mtime?: number | undefined;
  readonly exec?: boolean | undefined;
}

/** A file that is open for reading. */
export interface Source {
  readonly path: Path;
  readonly size: number;
  readonly mtime: number;
  readonly exec: boolean;
  /** Fills the buffers with the bytes from `offset` on; fewer only at the end of the file. */
  read(offset: number, buffers: readonly Uint8Array[]): Promise<number>;
  /** @throws {StorageError} `changed`, where it is not as it was when it was opened. */
  unchanged(): Promise<void>;
  close(): Promise<void>;
}

/** A file that is being written and that nobody sees before `commit`. */
export interface Sink {
  /** Adds bytes, which must not change until `commit` or `abort`. Settles when more may come. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Puts the file under its name, whole, in one step. */
  commit(attributes: Attributes): Promise<void>;
  /** Forgets what was written. Does nothing after `commit`. */
  abort(): Promise<void>;
}

export interface CreateOptions {
  /** Bytes that will come, where that is known: what cannot fit is refused at once. */
  readonly size?: number | undefined;
  /** Fail with `exists` rather than replace a file, also one that comes into being meanwhile. */
  readonly absent?: boolean;
}

/**
 * A tree of files: a server's root, or the folder of a client. Every method throws `StorageError`
 * for what a user can have caused, and judges the names it is given.
 */
export interface Storage {
  /** Where it lies, for people. */
  readonly location: string;
  stat(path: Path): Promise<Item>;
  /**
   * What a folder holds, itself left out, folders before what they hold, otherwise in no order; a
   * file alone.
   */
  list(path: Path, options: { readonly recursive: boolean }): AsyncIterable<Entry>;
  open(path: Path): Promise<Source>;
  /** Begins a file. Missing folders are made when it is committed. */
  create(path: Path, options: CreateOptions): Promise<Sink>;
  /** Makes a folder and those above it. */
  makeFolder(path: Path): Promise<void>;
  /** Deletes a file or an empty folder. */
  delete(path: Path): Promise<void>;
  /** Moves a file or a folder to a name that is free. */
  rename(from: Path, to: Path): Promise<void>;
  close(): Promise<void>;
}
