import type { Path } from "../errors.ts";
import { randomId } from "../ids.ts";
import { alreadyThere } from "../refusals.ts";
import type { Attributes } from "../storage.ts";
import type { Bucket } from "./bucket.ts";
import type { Keys } from "./keys.ts";
import type { Locks } from "./locks.ts";
import { keptOf, metadataOf, withKept } from "./metadata.ts";
import { copyObject } from "./copy.ts";
import type { UploadRecord } from "./record.ts";
import { S3Error } from "./s3-error.ts";
import type { Tree } from "./tree.ts";

/** What publishing needs of the storage. */
export interface PublishContext {
  readonly bucket: Bucket;
  readonly keys: Keys;
  readonly tree: Tree;
  readonly locks: Locks;
}

/** How a file gets its name. */
export interface Publishing {
  /** Fail with `exists` rather than replace a file. */
  readonly absent: boolean;
  /** When the name was found to be free to use, of `performance.now()`. */
  readonly checkedAt: number;
}

/** What is known of a file that is published. */
export type Published = Attributes & { readonly digest: bigint };

/** Stores a small file in one request. */
export async function publishWhole(
  { bucket, keys, tree }: PublishContext,
  path: Path,
  content: Buffer,
  kept: Published,
  { absent, checkedAt }: Publishing,
): Promise<void> {
  await tree.recheckTarget(path, checkedAt);
  const key = keys.file(path);
  const attempt = absent ? randomId() : undefined;
  // Where the store does not know conditions, this is all that there is.
  if (absent && !bucket.conditions.absent && (await bucket.head(key)) !== undefined) {
    throw alreadyThere(path);
  }
  try {
    await bucket.put(key, content, metadataOf({ ...kept, attempt }), { absent });
  } catch (error) {
    if (!(error instanceof S3Error) || !error.isCondition) throw error;
    // The answer to an earlier attempt may have been lost.
    const there = await bucket.head(key);
    if (there === undefined || keptOf(there).attempt !== attempt) throw alreadyThere(path);
  }
  tree.madeFile(path);
}

/** Makes one object of the parts of an upload, under the file's name. */
export async function publishParts(
  context: PublishContext,
  path: Path,
  record: UploadRecord,
  { digest, ...attributes }: Published,
  { absent, checkedAt }: Publishing,
): Promise<void> {
  const { bucket, keys, tree, locks } = context;
  const key = keys.file(path);
  const { upload } = record;
  if (upload === undefined) throw new Error("nothing was begun");
  await record.finish(digest);
  await tree.recheckTarget(path, checkedAt);
  const complete = async (): Promise<void> => {
    const before = await bucket.head(key);
    if (absent && before !== undefined) throw alreadyThere(path);
    const etags = record.parts.map(({ etag }) => etag);
    try {
      await bucket.complete(key, upload, etags, record.size, { absent });
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      const there = await bucket.head(key);
      // An attempt whose answer was lost has completed it.
      if (there === undefined || keptOf(there).side !== record.id) {
        throw absent && error.isCondition ? alreadyThere(path) : error;
      }
    }
    const replaced = before === undefined ? undefined : keptOf(before).side;
    if (replaced !== undefined && replaced !== record.id) {
      await removeSide(context, replaced);
    }
  };
  await (absent ? locks.run([key], complete) : complete());
  tree.madeFile(path);
  await correctAttributes(context, path, record, attributes);
  // It is stored whatever becomes of this; what is left is swept.
  await record.shrink().catch(() => undefined);
}

/** Removes a side object whose file is gone. One that stays is swept later. */
export async function removeSide({ bucket, keys }: PublishContext, id: string): Promise<void> {
  if (/^[0-9a-f-]{1,64}$/.test(id)) await bucket.delete(keys.staged(id)).catch(() => undefined);
}

/** What was known only after the beginning is set by a copy of the object onto itself. */
async function correctAttributes(
  { bucket, keys }: PublishContext,
  path: Path,
  { attributes: begun, id }: UploadRecord,
  { mtime, exec = false }: Attributes,
): Promise<void> {
  if (begun.mtime === mtime && (begun.exec ?? false) === exec) return;
  const key = keys.file(path);
  const info = await bucket.head(key);
  if (info === undefined || keptOf(info).side !== id) return;
  await copyObject(bucket, key, info, key, withKept(info, { mtime, exec, side: id }));
}
