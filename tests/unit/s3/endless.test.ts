import { expect, test } from "bun:test";
import { Bucket } from "../../../src/storage/s3/bucket.ts";
import { S3Client } from "../../../src/storage/s3/client.ts";
import { Keys } from "../../../src/storage/s3/keys.ts";
import { Locks } from "../../../src/storage/s3/locks.ts";

/** A bucket of a store that answers everything with this. */
function bucketOf(answer: (count: number, request: Request) => Response): Bucket & Disposable {
  let count = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => answer(count++, request),
  });
  const client = new S3Client({
    url: `http://127.0.0.1:${server.port}/bucket`,
    region: "us-east-1",
    credentials: () => Promise.resolve({ accessKeyId: "x", secretAccessKey: "y" }),
    timeout: 10_000,
  });
  return Object.assign(new Bucket(client, "bucket"), {
    [Symbol.dispose]: () => void server.stop(true),
  });
}

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
  using bucket = bucketOf(round("ListBucketResult", "NextContinuationToken"));
  await expect(all(bucket.list("x"))).rejects.toThrow("EndlessList");
});

test("a list of uploads that leads back to where it was is an error", async () => {
  using bucket = bucketOf(round("ListMultipartUploadsResult", "NextUploadIdMarker"));
  await expect(all(bucket.uploads("x"))).rejects.toThrow("EndlessList");
});

test("a list of parts that leads back to where it was is an error", async () => {
  using bucket = bucketOf(round("ListPartsResult", "NextPartNumberMarker"));
  await expect(bucket.parts("x", "id")).rejects.toThrow("EndlessList");
});

test("a lock that is there and is not, again and again, is an error", async () => {
  using bucket = bucketOf((_, { method }) =>
    method === "PUT"
      ? new Response("<Error><Code>PreconditionFailed</Code></Error>", { status: 412 })
      : new Response("<Error><Code>NoSuchKey</Code></Error>", { status: 404 }),
  );
  const locks = new Locks(bucket, new Keys([]));
  await expect(locks.run(["x"], () => Promise.resolve())).rejects.toThrow("EndlessLock");
}, 60_000);
