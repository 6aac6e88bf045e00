import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { basename } from "node:path";
import { check, type Parts } from "./wire.ts";

/** Of each file: the lengths of its name and content, its time, and the content's digest. */
const HEAD_BYTES = 4 + 4 + 8 + 8;
const PIECE = 1 << 18;
/** Room for one more file behind a piece. */
const room = Buffer.allocUnsafeSlow(PIECE + (1 << 16));
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** The files of a folder and of the folders in it, each whole. */
export function treeOf(path: string): Iterator<Uint8Array> {
  return recordsOf(path, (file, name, at) => {
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { size, mtimeMs } = fstatSync(descriptor);
    const begin = at + HEAD_BYTES + name.length;
    readSync(descriptor, room, begin, size, 0);
    closeSync(descriptor);
    writeHead(at, name, size, mtimeMs, Bun.hash.xxHash3(room.subarray(begin, begin + size)));
    return begin + size;
  });
}

/** The same without what is in them. */
export function listOf(path: string): Iterator<Uint8Array> {
  return recordsOf(path, (file, name, at) => {
    const { size, mtimeMs } = lstatSync(file);
    writeHead(at, name, 0, mtimeMs, BigInt(size));
    return at + HEAD_BYTES + name.length;
  });
}

/** @param write writes what is told of a file from a place on, and says where that ends */
function* recordsOf(
  path: string,
  write: (file: string, name: string, at: number) => number,
): Generator<Uint8Array> {
  let at = 0;
  for (const folder of readdirSync(path)) {
    const descriptor = openSync(`${path}/${folder}`, FOLDER);
    for (const name of readdirSync(`/proc/self/fd/${descriptor}`)) {
      at = write(`/proc/self/fd/${descriptor}/${name}`, `${folder}/${name}`, at);
      if (at < PIECE) continue;
      yield room.subarray(0, at);
      at = 0;
    }
    closeSync(descriptor);
  }
  // A name of no length is the end.
  writeHead(at, "", 0, 0, 0n);
  yield room.subarray(0, at + HEAD_BYTES);
}

function writeHead(at: number, name: string, size: number, mtime: number, digest: bigint): void {
  room.writeUInt32LE(name.length, at);
  room.writeUInt32LE(size, at + 4);
  room.writeDoubleLE(mtime, at + 8);
  room.writeBigUInt64LE(digest, at + 16);
  room.write(name, at + HEAD_BYTES, "latin1");
}

/** Files that come as `recordsOf` gives them. */
abstract class Records implements Parts {
  #name = 0;
  #size = 0;
  #mtime = 0;
  #digest = 0n;
  #isOver = false;

  get wanted(): number {
    if (this.#isOver) return 0;
    return this.#name > 0 ? this.#name + this.#size : HEAD_BYTES;
  }

  part(bytes: Buffer): void {
    if (this.#name > 0) {
      const name = bytes.toString("latin1", 0, this.#name);
      this.file(name, bytes.subarray(this.#name), this.#mtime, this.#digest);
      this.#name = 0;
      return;
    }
    this.#name = bytes.readUInt32LE();
    this.#size = bytes.readUInt32LE(4);
    this.#mtime = bytes.readDoubleLE(8);
    this.#digest = bytes.readBigUInt64LE(16);
    this.#isOver = this.#name === 0;
  }

  protected abstract file(name: string, content: Buffer, mtime: number, digest: bigint): void;
}

/** Stores them, each under another name first, in folders that are held by their descriptors. */
export class Storing extends Records {
  readonly #path: string;
  #folder = "";
  #descriptor = -1;

  constructor(path: string) {
    super();
    this.#path = path;
    mkdirSync(path, { recursive: true });
  }

  protected override file(name: string, content: Buffer, mtime: number, digest: bigint): void {
    check(digest, content);
    const slash = name.indexOf("/");
    const folder = name.slice(0, slash);
    if (folder !== this.#folder) {
      if (this.#descriptor !== -1) closeSync(this.#descriptor);
      mkdirSync(`${this.#path}/${folder}`, { recursive: true });
      this.#descriptor = openSync(`${this.#path}/${folder}`, FOLDER);
      this.#folder = folder;
    }
    const at = `/proc/self/fd/${this.#descriptor}`;
    const file = openSync(`${at}/.part`, NEW);
    writeSync(file, content);
    const time = new Date(mtime);
    futimesSync(file, time, time);
    closeSync(file);
    renameSync(`${at}/.part`, `${at}/${basename(name)}`);
  }
}

/** Compares them with what is here, which is looked through first. */
export function sameHere(path: string): Parts {
  const here = new Map<string, number>();
  for (const folder of readdirSync(path)) {
    const descriptor = openSync(`${path}/${folder}`, FOLDER);
    for (const name of readdirSync(`/proc/self/fd/${descriptor}`)) {
      const { size, mtimeMs } = lstatSync(`/proc/self/fd/${descriptor}/${name}`);
      here.set(`${folder}/${name}`, mtimeMs + size);
    }
    closeSync(descriptor);
  }
  return new (class extends Records {
    protected override file(name: string, _content: Buffer, mtime: number, size: bigint): void {
      // Ours keeps milliseconds of what it has brought.
      const isSame = Math.abs((here.get(name) ?? 0) - mtime - Number(size)) < 1;
      if (!isSame) throw new Error(`${name} is not the same`);
    }
  })();
}
