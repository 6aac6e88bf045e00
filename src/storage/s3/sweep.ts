import type { BeginContext } from "./begin.ts";
import { LOCK } from "./locks.ts";
import { keptOf } from "./metadata.ts";
import { inParallel } from "./parallel.ts";
import { UploadRecord } from "./record.ts";

/** Objects that are looked at together. */
const AT_ONCE = 16;
/** Stores tell their time in seconds. */
const SECOND_MS = 1000;
/** A lock that was left is removed after so long, in milliseconds. */
const LOCKS_MS = 3_600_000;

/** What lies in the staging folder, by the id of the side object. */
interface Staged {
  /** Names beside it, such as pages. */
  readonly names: string[];
  modified: number;
}

/**
 * Removes what interrupted uploads have left for longer than `age`, in milliseconds: uploads that
 * cost money, and side objects of files that are gone.
 */
export async function sweepStaging(context: BeginContext, age: number): Promise<void> {
  const { bucket, keys } = context;
  const staged = new Map<string, Staged>();
  let now = Date.now();
  for await (const page of bucket.list(keys.staged(""))) {
    now = page.now + SECOND_MS;
    for (const { key, modified } of page.objects) {
      const name = keys.nameOfStaged(key);
      if (name.startsWith(LOCK)) {
        if (now - modified > LOCKS_MS) await bucket.delete(key);
        continue;
      }
      if (!ID.test(name)) continue;
      const [id = ""] = name.split(".");
      const found = staged.get(id) ?? { names: [], modified: 0 };
      found.names.push(name);
      found.modified = Math.max(found.modified, modified);
      staged.set(id, found);
    }
  }
  const isOpen = (id: string): boolean => context.holders.has(id.split("-")[0] ?? "");
  const fresh = new Set<string>();
  await inParallel(AT_ONCE, staged, async ([id, { names, modified }]) => {
    if (isOpen(id) || now - modified <= age) fresh.add(id);
    else if (!(await isInUse(context, id))) await removeStaged(context, id, names);
  });
  await sweepUploads(context, age, now, fresh);
}

/** What this program has made there: a side object, its pages and its tail. */
const ID = /^[0-9a-f]{32}-[0-9a-f]{16}(?:\.(?:\d+|tail))?$/;

/** Whether a file that is stored needs its side object. */
async function isInUse({ bucket, keys }: BeginContext, id: string): Promise<boolean> {
  const finished = await UploadRecord.finished(bucket, keys, id);
  if (finished?.digest === undefined) return false;
  const info = await bucket.head(keys.file(finished.path));
  return info !== undefined && keptOf(info).side === id;
}

async function removeStaged(
  { bucket, keys }: BeginContext,
  id: string,
  names: readonly string[],
): Promise<void> {
  const record = await UploadRecord.read(bucket, keys, id).catch(() => undefined);
  if (record?.upload !== undefined) await bucket.abort(keys.file(record.path), record.upload);
  for (const name of names) await bucket.delete(keys.staged(name));
}

/** Uploads without a record were begun by a server that died at once, or by another program. */
async function sweepUploads(
  context: BeginContext,
  age: number,
  now: number,
  fresh: ReadonlySet<string>,
): Promise<void> {
  const { bucket, keys } = context;
  const living = new Set<string>();
  await inParallel(AT_ONCE, fresh, async (id) => {
    const upload = (await UploadRecord.read(bucket, keys, id))?.upload;
    if (upload !== undefined) living.add(upload);
  });
  for await (const { key, id, begun } of bucket.uploads(keys.prefix)) {
    const isOld = now - begun > age && !living.has(id);
    if (isOld) await bucket.abort(key, id);
  }
}

/** Bytes of all objects, and of what interrupted uploads have left. */
export async function bytesStored({ bucket, keys }: BeginContext): Promise<number> {
  const stagedFiles = keys.staged("");
  let bytes = 0;
  for await (const { objects } of bucket.list(keys.prefix)) {
    for (const { key, size } of objects) {
      if (!key.startsWith(stagedFiles) || key.endsWith(".tail")) bytes += size;
    }
  }
  for await (const { key, id } of bucket.uploads(keys.prefix)) {
    for (const { size } of await bucket.parts(key, id).catch(() => [])) bytes += size;
  }
  return bytes;
}
