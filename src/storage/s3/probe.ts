import type { Bucket } from "./bucket.ts";
import type { Condition } from "./conditions.ts";
import { S3Error } from "./s3-error.ts";

/** Finds out what the store knows of conditions, with an object of this key. */
export async function tryConditions(bucket: Bucket, key: string): Promise<void> {
  const nothing = Buffer.alloc(0);
  let etag: string | undefined;
  const isRefused = async (condition: Condition): Promise<boolean> => {
    try {
      // It has replaced the object: where a tag is no hash of the content, there is another one now.
      ({ etag } = await bucket.put(key, nothing, {}, condition));
      return false;
    } catch (error) {
      if (error instanceof S3Error && (error.isCondition || error.status === 501)) return true;
      throw error;
    }
  };
  try {
    ({ etag } = await bucket.put(key, nothing));
    const absent = await isRefused({ absent: true });
    const other = await isRefused({ etag: '"00000000000000000000000000000000"' });
    bucket.conditions = { absent, tags: "quoted" };
    if (other && (await isRefused({ etag }))) bucket.conditions = { absent, tags: "bare" };
    if (!other || (await isRefused({ etag }))) bucket.conditions = { absent, tags: "unknown" };
  } finally {
    await bucket.delete(key);
  }
}
