import { expect, test } from "bun:test";
import type { Endpoint } from "../../../src/storage/s3/client.ts";
import type { Credentials } from "../../../src/storage/s3/credentials.ts";
import { Renewal, type Expiring } from "../../../src/storage/s3/renewal.ts";
import { feignedBucket, refusal } from "./feigned.ts";

/** Somebody who hands out keys with numbers, and counts them. */
function keysOf(sessionToken: string | undefined) {
  const given = { count: 0 };
  const renewal = new Renewal<Credentials & Expiring>(() => {
    const accessKeyId = `key${++given.count}`;
    return Promise.resolve({ accessKeyId, secretAccessKey: "y", sessionToken });
  });
  const credentials: Endpoint["credentials"] = (refused) => renewal.get(refused);
  return { given, credentials };
}

/** A store that refuses so many of the keys that were handed out first. */
function bucketOf(
  code: string,
  refused: number,
  credentials: Endpoint["credentials"],
): ReturnType<typeof feignedBucket> {
  return feignedBucket((_, { headers }) => {
    const [, number] = /Credential=key(\d+)\//.exec(headers.get("authorization") ?? "") ?? [];
    if (Number(number) > refused) return new Response(null, { headers: { etag: '"x"' } });
    return refusal(code === "InvalidAccessKeyId" ? 403 : 400, code);
  }, credentials);
}

const CODES = ["ExpiredToken", "InvalidToken", "InvalidAccessKeyId"];

test.each(CODES)("%s has other keys asked for at once", async (code) => {
  const { given, credentials } = keysOf("token");
  using bucket = bucketOf(code, 1, credentials);
  await Promise.all(["a", "b", "c"].map((key) => bucket.put(key, Buffer.alloc(0))));
  expect(given.count).toBe(2);
});

test("so does an answer to HEAD, which cannot say it", async () => {
  const { credentials } = keysOf("token");
  using bucket = bucketOf("ExpiredToken", 1, credentials);
  expect((await bucket.head("a"))?.etag).toBe('"x"');
});

test("others are asked for only once where those are refused as well", async () => {
  const { given, credentials } = keysOf("token");
  using bucket = bucketOf("ExpiredToken", Infinity, credentials);
  await expect(bucket.put("a", Buffer.alloc(0))).rejects.toThrow("ExpiredToken");
  expect(given.count).toBe(2);
});

test("keys that are not for a time are not asked for again", async () => {
  const { given, credentials } = keysOf(undefined);
  using bucket = bucketOf("InvalidAccessKeyId", 1, credentials);
  await expect(bucket.put("a", Buffer.alloc(0))).rejects.toThrow("InvalidAccessKeyId");
  expect(given.count).toBe(1);
});
