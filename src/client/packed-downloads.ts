import { blockDigest } from "../digest/block.ts";
import { smallFileDigest } from "../digest/file.ts";
import { MAX_LINE, MOST_TOGETHER } from "../protocol/limits.ts";
import { parsePackHead } from "../protocol/pack.ts";
import type { Path } from "../protocol/path.ts";
import { encodePath } from "../protocol/path.ts";
import { encodeText } from "../protocol/text.ts";
import type { Run } from "../protocol/scanner.ts";
import { ProtocolViolation } from "../protocol/violation.ts";
import { SMALL } from "../storage/read-blocks.ts";
import { brokenProtocol, Interrupted, isOfConnection } from "./errors.ts";
import { refusalOf, type Exchange } from "./exchange.ts";
import { onAbort } from "./on-abort.ts";
import type { Session } from "./session.ts";
import type { SmallDownload, Taker, Whole } from "./small-download.ts";

/** The rest of a line that names files: verb, key and blanks, with some to spare. */
const MAX_NAMES = MAX_LINE - 64;
/** More than the longest pack, in bytes: of each file what may be in it, and what is told of it. */
const MAX_PACK = MOST_TOGETHER * (SMALL + 64);
const LF = 0x0a;

/** Fewer files are asked for one by one: a server need not have them in a pack. */
const WORTH_A_PACK = 8;

/** What is asked for in packs, and what is not. */
interface Sorted<F> {
  readonly packs: readonly Pack<F>[];
  readonly others: readonly F[];
}

/** Files of one folder that are asked for as one. */
interface Pack<F> {
  readonly folder: Path;
  readonly names: string[];
  readonly files: F[];
  /** Characters that the line has for what it names. */
  length: number;
}

/**
 * Gets small files in packs. Of what is not in its pack, or came damaged, nobody is told.
 * @throws {CommandFailed} where the connection is lost, or the server leaves, or the user interrupts
 */
export async function receivePacked<F extends SmallDownload>(
  session: Session,
  packs: readonly Pack<F>[],
  signal: AbortSignal,
  taker: Taker<F>,
): Promise<void> {
  const asked = packs.map((pack) => ({
    pack,
    exchange: session.request("PACK", pack.folder, { names: pack.names }),
  }));
  const forget = onAbort(signal, () => {
    for (const { exchange } of asked) exchange.startCancel();
  });
  try {
    for (const { pack, exchange } of asked) {
      if (signal.aborted) throw new Interrupted();
      const blocks = await bodyOf(exchange);
      if (blocks !== undefined) take(pack.files, blocks, taker);
    }
  } catch (error) {
    throw error instanceof ProtocolViolation ? session.violated(error.message) : error;
  } finally {
    forget();
    // One that cancels waits for the reply to that, which comes behind all of them.
    await Promise.all(asked.map(({ exchange }) => exchange.tryLeave(Infinity)));
  }
}

/** Makes packs of files that come one behind the other and are in one folder, if they are enough. */
export function packed<F extends SmallDownload>(files: readonly F[]): Sorted<F> {
  const all = packsOf(files);
  const isWorth = ({ files: { length } }: Pack<F>): boolean => length >= WORTH_A_PACK;
  return {
    packs: all.filter(isWorth),
    others: all.filter((pack) => !isWorth(pack)).flatMap((pack) => pack.files),
  };
}

/** Makes none. */
export function unpacked<F>(files: readonly F[]): Sorted<F> {
  return { packs: [], others: files };
}

function packsOf<F extends SmallDownload>(files: readonly F[]): Pack<F>[] {
  const packs: Pack<F>[] = [];
  let folder = "";
  for (const file of files) {
    const parents = file.remote.slice(0, -1);
    const name = file.remote.at(-1) ?? "";
    const key = encodePath(parents);
    const length = encodeText(name).length + 1;
    const last = packs.at(-1);
    const fits = last !== undefined && last.length + length <= MAX_NAMES;
    if (fits && folder === key && last.files.length < MOST_TOGETHER) {
      last.names.push(name);
      last.files.push(file);
      last.length += length;
    } else {
      packs.push({ folder: parents, names: [name], files: [file], length: key.length + length });
      folder = key;
    }
  }
  return packs;
}

/** All of a pack; `undefined` where the server does not give it, or it was damaged on the way. */
async function bodyOf(exchange: Exchange): Promise<readonly Run[] | undefined> {
  const blocks: Run[] = [];
  let length = 0;
  let isDamaged = false;
  for (;;) {
    const event = exchange.nextNow() ?? (await exchange.next());
    if (event.type === "block") {
      length += event.data.length;
      if (length > MAX_PACK) throw brokenProtocol("The server sent more than a pack can hold");
      isDamaged ||= blockDigest(event.data) !== event.digest;
      blocks.push(event);
      continue;
    }
    const { reply } = event;
    if (reply.code === 150) continue;
    if (reply.ok && !isDamaged) return blocks;
    for (const { release } of blocks) release?.();
    const refused = reply.ok ? undefined : refusalOf(reply);
    if (isOfConnection(refused)) throw refused;
    return undefined;
  }
}

/**
 * Hands over what a pack holds; the last of it has the memory of all given back.
 * @throws {ProtocolViolation} where it is not what was asked for
 */
function take<F>(files: readonly F[], blocks: readonly Run[], taker: Taker<F>): void {
  const [first, ...others] = blocks;
  const end = first?.data.indexOf(LF) ?? -1;
  if (first === undefined || end === -1) throw malformed();
  const told = parsePackHead(Buffer.from(first.data.subarray(0, end)).toString("latin1"));
  if (told.length !== files.length) throw malformed();
  let { data } = first;
  let at = end + 1;
  const came: { readonly file: F; readonly whole: Whole }[] = [];
  for (const [index, file] of files.entries()) {
    const one = told[index];
    if (one === undefined) continue;
    const { size, mtime, exec } = one;
    if (at === data.length && size > 0) {
      data = others.shift()?.data ?? data;
      at = 0;
    }
    const content = data.subarray(at, at + size);
    if (content.length < size) throw malformed();
    at += size;
    const digest = smallFileDigest(size === 0 ? undefined : blockDigest(content));
    came.push({ file, whole: { content, attributes: { mtime, exec }, digest } });
  }
  if (at !== data.length || others.length > 0) throw malformed();
  const release = (): void => {
    for (const block of blocks) block.release?.();
  };
  if (came.length === 0) release();
  for (const [index, { file, whole }] of came.entries()) {
    taker.came(file, index === came.length - 1 ? { ...whole, release } : whole);
  }
}

function malformed(): ProtocolViolation {
  return new ProtocolViolation("A pack does not hold what was asked for");
}
