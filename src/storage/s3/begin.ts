import type { Path } from "../errors.ts";
import { partIdOf, type Holders } from "../holders.ts";
import { randomId } from "../ids.ts";
import { checkCreatable } from "../names.ts";
import type { CreateOptions, Part, Sink } from "../storage.ts";
import type { PublishContext } from "./publish.ts";
import { RecordTaken, UploadRecord } from "./record.ts";
import { forPath, S3Error } from "./s3-error.ts";
import { checkSize, S3Sink, sideId } from "./sink.ts";

/** What beginning a file needs of the storage. */
export interface BeginContext extends PublishContext {
  readonly holders: Holders;
}

/** Begins a file, after everything was refused that can be known now. Asks nothing more of the store. */
export function createSink(
  context: BeginContext,
  path: Path,
  { part, ...options }: CreateOptions,
): Promise<Sink> {
  return forPath(path, async () => {
    const checkedAt = await check(context, path, options);
    const { holders, bucket, keys } = context;
    const id = part === undefined ? randomId() : partIdOf(path, part, options.by);
    const release = await holders.take(id, part?.onTaken ?? (() => undefined));
    try {
      const forgotten = part === undefined ? 0 : await forgetAll(context, path, id);
      if (forgotten > 0) options.onForgotten?.(forgotten);
      const attributes = options.attributes ?? {};
      const record = new UploadRecord(bucket, keys, sideId(id), path, attributes);
      const tail = Buffer.alloc(0);
      const { onTaken } = part ?? {};
      return new S3Sink(context, path, {
        ...options,
        record,
        tail,
        onTaken,
        checkedAt,
        release,
      });
    } catch (error) {
      release();
      throw error;
    }
  });
}

/** Goes on with what an earlier attempt has left, of whatever server. */
export function resumeSink(
  context: BeginContext,
  path: Path,
  part: Part,
  options: Omit<CreateOptions, "part">,
): Promise<Sink | undefined> {
  return forPath(path, async () => {
    const checkedAt = await check(context, path, options);
    const id = partIdOf(path, part, options.by);
    const release = await context.holders.take(id, part.onTaken);
    try {
      const found = await claim(context, path, id);
      if (found !== undefined) {
        const { onTaken } = part;
        return new S3Sink(context, path, {
          ...options,
          ...found,
          onTaken,
          checkedAt,
          release,
        });
      }
    } catch (error) {
      release();
      throw error;
    }
    release();
    return undefined;
  });
}

async function check(
  { tree }: BeginContext,
  path: Path,
  { absent, size }: Omit<CreateOptions, "part">,
): Promise<number> {
  checkCreatable(path);
  checkSize(path, size);
  const checkedAt = performance.now();
  await tree.checkTarget(path, absent === true);
  return checkedAt;
}

/** The ids of what was left of a part, the newest first. */
async function leftOf({ bucket, keys }: BeginContext, part: string): Promise<string[]> {
  const left: { id: string; modified: number }[] = [];
  for await (const { objects } of bucket.list(keys.staged(`${part}-`))) {
    for (const { key, modified } of objects) {
      const id = keys.nameOfStaged(key);
      if (!id.includes(".")) left.push({ id, modified });
    }
  }
  return left.toSorted((a, b) => b.modified - a.modified).map(({ id }) => id);
}

async function claim(
  context: BeginContext,
  path: Path,
  part: string,
): Promise<{ readonly record: UploadRecord; readonly tail: Buffer } | undefined> {
  const { bucket, keys } = context;
  for (const id of await leftOf(context, part)) {
    const record = await UploadRecord.read(bucket, keys, id);
    if (record === undefined || !(await isAlive(context, path, record))) continue;
    const tail = await tailOf(context, record);
    if (record.size + tail.length === 0) continue;
    try {
      // From here on it is this server's, and another one finds that out.
      await record.save();
    } catch (error) {
      if (error instanceof RecordTaken) continue;
      throw error;
    }
    return { record, tail };
  }
  return undefined;
}

/** Whether the store still has every part that the record names. */
async function isAlive(
  { bucket, keys }: BeginContext,
  path: Path,
  { upload, parts }: UploadRecord,
): Promise<boolean> {
  if (upload === undefined) return parts.length === 0;
  try {
    const there = new Map(
      (await bucket.parts(keys.file(path), upload)).map((part) => [part.number, part]),
    );
    return parts.every(({ etag, size }, index) => {
      const part = there.get(index + 1);
      return part !== undefined && bare(part.etag) === bare(etag) && part.size === size;
    });
  } catch (error) {
    if (error instanceof S3Error && error.status === 404) return false;
    throw error;
  }
}

async function tailOf({ bucket }: BeginContext, record: UploadRecord): Promise<Buffer> {
  if (record.tail === 0) return Buffer.alloc(0);
  const found = await bucket.get(record.tailKey, record.tail);
  return found?.body.length === record.tail ? found.body : Buffer.alloc(0);
}

/** Removes what earlier attempts have left; what belongs to a file that is stored stays. */
async function forgetAll(context: BeginContext, path: Path, part: string): Promise<number> {
  const { bucket, keys } = context;
  let forgotten = 0;
  for (const id of await leftOf(context, part)) {
    const record = await UploadRecord.read(bucket, keys, id);
    if (record === undefined) continue;
    const isOfUpload = record.upload !== undefined || record.tail > 0;
    if (!isOfUpload) continue;
    forgotten += record.size + record.tail;
    if (record.upload !== undefined) await bucket.abort(keys.file(path), record.upload);
    await record.remove();
  }
  return forgotten;
}

/** Some answers have a tag in quotes and some without. */
function bare(etag: string): string {
  return etag.replaceAll('"', "");
}
