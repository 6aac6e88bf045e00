import type { FileDigest } from "../digest/file.ts";
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
  /** What was stored had this digest, where the storage keeps that. */
  readonly digest?: bigint | undefined;
  /** Fills the buffers with the bytes from `offset` on; fewer only at the end of the file. */
  read(offset: number, buffers: readonly Uint8Array[]): Promise<number>;
  /** @throws {StorageError} `changed`, where it is not as it was when it was opened. */
  unchanged(): Promise<void>;
  close(): Promise<void>;
}

/** A small file that was read whole, and was the same before and after. */
export interface SmallFile {
  readonly mtime: number;
  readonly exec: boolean;
  readonly content: Uint8Array;
}

/** A small file that is to be stored. */
export interface NewSmallFile {
  readonly path: Path;
  readonly content: Uint8Array;
  readonly attributes: Attributes;
}

/** A file that is being written and that nobody sees before `commit`. */
export interface Sink {
  /** Bytes, in whole blocks, that an earlier attempt has left; writing goes on behind them. */
  readonly held: number;
  /**
   * Says how many bytes it will have, those held included.
   * @throws {StorageError} where it cannot fit; it can then only be ended
   */
  announce(size: number): Promise<void>;
  /**
   * Adds the blocks that are held to a digest.
   * @param onProgress called with the bytes so far; where it throws, it is ended
   */
  digestHeld(digest: FileDigest, onProgress: (bytes: number) => void): Promise<void>;
  /**
   * Adds bytes, which are the sink's until it calls `onWritten`: nobody changes them before. That
   * comes in any order, and not at all where writing failed. Settles when more may come.
   */
  write(bytes: Uint8Array, onWritten?: () => void): Promise<void> | undefined;
  /** Puts the file under its name, whole, in one step. */
  commit(attributes: Attributes): Promise<void>;
  /**
   * Leaves what was written for a later attempt, where it is a part; else forgets it.
   * @returns how many bytes are left; 0 after `commit` or `abort`
   */
  keep(): Promise<number>;
  /** Forgets what was written. Does nothing after `commit` or `keep`. */
  abort(): Promise<void>;
}

/** What a file is known by that can be gone on with later. */
export interface Part {
  /** 32 hex digits. Whoever knows them, and the path, can go on with it. */
  readonly id: string;
  /** Called when somebody else takes it: whoever writes has to `keep` it, and is waited for. */
  readonly onTaken: () => void;
}

export interface CreateOptions {
  /** Bytes that will come, where that is known: what cannot fit is refused at once. */
  readonly size?: number | undefined;
  /** Fail with `exists` rather than replace a file, also one that comes into being meanwhile. */
  readonly absent?: boolean;
  /** What `commit` will be told, as far as it is known: some storages set it at the beginning. */
  readonly attributes?: Attributes | undefined;
  /**
   * Settles when what was asked for before is done. Where something is begun beside other things,
   * calls that can hang wait for it: of one client they hold no more than a thread.
   */
  readonly turn?: () => Promise<void>;
  /** Keep what was written if the attempt is interrupted. What earlier ones left is forgotten. */
  readonly part?: Part | undefined;
  /**
   * Who stores it, where several do. What interrupted attempts of the same have left for the same
   * name, and this one does not go on with, is of no use any more, and is forgotten.
   */
  readonly by?: string | undefined;
  /** Told how many bytes of earlier attempts are gone, each time that some are. */
  readonly onForgotten?: ((bytes: number) => void) | undefined;
}

/** What an interrupted transfer has left, and nobody has open. */
export interface Leftover {
  readonly bytes: number;
  /** How long ago it was written to, in milliseconds. */
  readonly age: number;
  /** Removes it. Gives how many bytes are gone: 0 where somebody was faster, or has gone on with it. */
  remove(): Promise<number>;
}

/** Requests of one client that are best carried out beside those before them. */
export interface Ahead {
  /** At the most so many at the same time. */
  readonly requests: number;
  /**
   * So many small files are best read, or stored, as one: nothing is begun before there is room for
   * them. One where it is left out.
   */
  readonly together?: number;
  /** Uploads of at the most so many bytes. */
  readonly uploadSize: number;
  /** Whether looking at names and deleting them are among them. */
  readonly names: boolean;
}

/**
 * A tree of files: a server's root, or the folder of a client. Every method throws `StorageError`
 * for what a user can have caused, and judges the names it is given.
 */
export interface Storage {
  /** Where it lies, for people. */
  readonly location: string;
  /** What is best carried out at the same time; one after the other where left out. */
  readonly ahead?: Ahead | undefined;
  stat(path: Path): Promise<Item>;
  /**
   * What a folder holds, itself left out, folders before what they hold, otherwise in no order; a
   * file alone. Some entries come at a time: that each were awaited would be a good part of what a
   * long listing costs.
   */
  list(path: Path, options: { readonly recursive: boolean }): AsyncIterable<readonly Entry[]>;
  open(path: Path): Promise<Source>;
  /**
   * Opens a file whose turn is still to come, where it costs little to have it open until then.
   * @returns `undefined` where `open` is to be asked in its turn, also for what is wrong
   */
  openAhead?(path: Path): Promise<Source | undefined>;
  /**
   * Reads small files, of at most `SMALL` bytes each: many of them cost little more than one.
   * @returns `undefined` in place of each that `open` is to be asked for, also for what is wrong
   */
  readonly readSmall?:
    ((paths: readonly Path[]) => Promise<readonly (SmallFile | undefined)[]>) | undefined;
  /**
   * Stores small files in this order, over what may be replaced: many cost little more than one. Of
   * two neither may be in the other's way.
   * @returns for each that is stored how many bytes of another it has replaced; in place of the
   * others, which `create` is to be asked for, `undefined`. Nothing has happened to those, except
   * where whoever stored them has died in the midst: then some may be stored, and are stored again
   */
  readonly storeSmall?:
    ((files: readonly NewSmallFile[]) => Promise<readonly (number | undefined)[]>) | undefined;
  /** Bytes of all files, also those that are being written or were left by interrupted transfers. */
  usage(): Promise<number>;
  /** Begins a file. Missing folders are made when it is committed. */
  create(path: Path, options: CreateOptions): Promise<Sink>;
  /**
   * Goes on with what an interrupted attempt has left. Whoever of this process has it open loses it;
   * what another living process has is left alone.
   * @returns `undefined` where nothing was left
   */
  resume(path: Path, part: Part, options: Omit<CreateOptions, "part">): Promise<Sink | undefined>;
  /** Makes a folder and those above it. */
  makeFolder(path: Path): Promise<void>;
  /** Deletes a file or an empty folder. */
  delete(path: Path): Promise<void>;
  /** Moves a file or a folder to a name that is free. */
  rename(from: Path, to: Path): Promise<void>;
  /** What interrupted transfers have left, where that can be told at little cost. */
  leftovers?(): Promise<readonly Leftover[]>;
  /**
   * Removes what interrupted transfers have left.
   * @param age parts that can be gone on with are kept for so long, in milliseconds
   */
  sweep(age: number): Promise<void>;
  close(): Promise<void>;
}
