import { expect, test } from "bun:test";
import { Keys } from "../../../src/storage/s3/keys.ts";
import { Locks } from "../../../src/storage/s3/locks.ts";
import { feignedBucket, refusal } from "./feigned.ts";

/** Pages that lead round and round: one, two, one, two. */
function round(element: string, marker: string): (count: number) => Response {
  return (count) =>
    new Response(
      `<?xml version="1.0"?><${element}><IsTruncated>true</IsTruncated>` +
        `<${marker}>${(count % 2) + 1}</${marker}></${element}>`,
    );
}

async function all(pages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of pages);
}

test("a list that leads back to where it was is an error, and no list for ever", async () => {
  using bucket = feignedBucket(round("ListBucketResult", "NextContinuationToken"));
  await expect(all(bucket.list("x"))).rejects.toThrow("EndlessList");
});

test("a list of uploads that leads back to where it was is an error", async () => {
  using bucket = feignedBucket(round("ListMultipartUploadsResult", "NextUploadIdMarker"));
  await expect(all(bucket.uploads("x"))).rejects.toThrow("EndlessList");
});

test("a list of parts that leads back to where it was is an error", async () => {
  using bucket = feignedBucket(round("ListPartsResult", "NextPartNumberMarker"));
  await expect(bucket.parts("x", "id")).rejects.toThrow("EndlessList");
});

test("a lock that is there and is not, again and again, is an error", async () => {
  using bucket = feignedBucket((_, { method }) =>
    method === "PUT" ? refusal(412, "PreconditionFailed") : refusal(404, "NoSuchKey"),
  );
  const locks = new Locks(bucket, new Keys([]));
  await expect(locks.run(["x"], () => Promise.resolve())).rejects.toThrow("EndlessLock");
}, 60_000);
