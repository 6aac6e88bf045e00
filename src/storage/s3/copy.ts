import { inParallel } from "./parallel.ts";
import type { Bucket } from "./bucket.ts";
import type { ObjectInfo } from "./reply.ts";

const GIB = 1024 ** 3;
/** The most that a store copies in one request, in bytes. */
const MOST_AT_ONCE = 5 * GIB;
/** The parts that a larger one is copied by, in bytes: 10,000 of them are more than an object has. */
const PART = GIB;
/** Parts that are copied at the same time. */
const AT_ONCE = 4;

/** How large objects are copied: other sizes than the usual are for tests. */
export interface CopySizes {
  readonly mostAtOnce: number;
  readonly part: number;
}

const USUAL: CopySizes = { mostAtOnce: MOST_AT_ONCE, part: PART };

/**
 * Copies an object in the store, with these headers, if it is still the one that is known.
 * @throws {S3Error} also where it is not
 */
export async function copyObject(
  bucket: Bucket,
  from: string,
  info: ObjectInfo,
  to: string,
  headers: Record<string, string>,
  { mostAtOnce, part }: CopySizes = USUAL,
): Promise<void> {
  if (info.size <= mostAtOnce) return bucket.copy(from, info, to, headers);
  const upload = await bucket.begin(to, headers);
  try {
    const count = Math.ceil(info.size / part);
    const etags: string[] = [];
    await inParallel(AT_ONCE, Array.from({ length: count }).keys(), async (index) => {
      const end = Math.min((index + 1) * part, info.size);
      const source = { key: from, etag: info.etag, from: index * part, to: end };
      etags[index] = await bucket.copyPart(to, upload, index + 1, source);
    });
    await bucket.complete(to, upload, etags, info.size, {});
  } catch (error) {
    await bucket.abort(to, upload).catch(() => undefined);
    throw error;
  }
}
