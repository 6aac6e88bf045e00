import { describe, expect, test } from "bun:test";
import { Lanes, type Turn } from "../../../src/server/lanes.ts";
import type { Job } from "../../../src/server/job.ts";
import { encodeKey } from "../../../src/storage/s3/client.ts";
import { formatS3, isS3, parseS3 } from "../../../src/storage/s3/location.ts";
import { itemOf, keptOf, metadataOf } from "../../../src/storage/s3/metadata.ts";
import { MIN_PART, MOST_BYTES, MOST_PARTS, partSize } from "../../../src/storage/s3/part-size.ts";
import { S3Error } from "../../../src/storage/s3/s3-error.ts";

/** Parts that a file of this size goes by. */
function partsOf(size: number, isKnown: boolean): number {
  let left = size;
  let parts = 0;
  while (left > 0 && parts <= MOST_PARTS) {
    left -= partSize(parts++, isKnown ? left : undefined);
  }
  return parts;
}

describe("partSize()", () => {
  test.each([true, false])(
    "lets 10,000 parts hold the largest object (size known: %p)",
    (known) => {
      for (const size of [1, MIN_PART, 80_000 * 1024 * 1024, MOST_BYTES]) {
        expect(partsOf(size, known)).toBeLessThanOrEqual(MOST_PARTS);
      }
    },
  );

  test("is never below the least, and the least for what is not large", () => {
    for (const left of [undefined, 0, 1, MIN_PART, 1024 ** 4]) {
      expect(partSize(0, left)).toBeGreaterThanOrEqual(MIN_PART);
    }
    expect(partSize(0, 1024 ** 3)).toBe(MIN_PART);
    expect(partSize(0, undefined)).toBe(MIN_PART);
  });
});

describe("parseS3()", () => {
  test.each([
    ["s3://bucket", "bucket", []],
    ["s3://bucket/", "bucket", []],
    ["s3://my.bucket/a/b", "my.bucket", ["a", "b"]],
    ["s3://bucket/a b/", "bucket", ["a b"]],
  ] as const)("reads %s", (root, bucket, prefix) => {
    const location = parseS3(root);
    expect<unknown>(location).toEqual({ bucket, prefix });
    expect(location && formatS3(location)).toBe(root.replace(/\/$/, ""));
  });

  test.each([
    "s3://",
    "s3:///x",
    "s3://b/../c",
    "s3://bucket//a",
    "s3://bucket/./a",
    "./s3",
    "S3://b",
  ])("refuses %s", (root) => {
    expect(parseS3(root)).toBeUndefined();
  });

  test("takes no folder for a place in a store", () => {
    expect(isS3("./s3://x")).toBe(false);
  });
});

describe("metadata", () => {
  const info = (headers: Record<string, string>) => ({
    size: 1,
    etag: '"x"',
    modified: 5999,
    headers,
  });

  test.each([0, 1, 999, 1_763_800_000_123, 8.64e15])("keeps the time %d", (mtime) => {
    expect(itemOf(info(metadataOf({ mtime }))).mtime).toBe(mtime);
  });

  test("keeps what may be executed, and a digest with all its digits", () => {
    const kept = keptOf(info(metadataOf({ exec: true, digest: 0x0fn })));
    expect(kept).toMatchObject({ exec: true, digest: 0x0fn, side: undefined });
  });

  test.each([
    ["1234567890.5", 1_234_567_890_500],
    ["1234567890.123456789", 1_234_567_890_123],
    ["1234567890", 1_234_567_890_000],
    ["-5.5", 0],
    // No time of its own: that of storing, in whole seconds.
    ["yesterday", 5000],
    ["1e9", 5000],
  ])("reads %s of another tool", (text, mtime) => {
    expect(itemOf(info({ "x-amz-meta-mtime": text })).mtime).toBe(mtime);
  });
});

describe("encodeKey()", () => {
  test("leaves nothing that an address or a signature takes for something else", () => {
    expect(encodeKey("a b/c+d/é?#%/!'()*~-_.")).toBe(
      "a%20b/c%2Bd/%C3%A9%3F%23%25/%21%27%28%29%2A~-_.",
    );
  });
});

describe("S3Error", () => {
  test.each([
    [500, "InternalError", true],
    [503, "SlowDown", true],
    [400, "RequestTimeout", true],
    [0, "ECONNREFUSED", true],
    [501, "NotImplemented", false],
    [507, "InsufficientCapacity", false],
    [403, "AccessDenied", false],
    [412, "PreconditionFailed", false],
    [0, "NoCredentials", false],
  ])("%d %s passes by itself: %p", (status, code, passes) => {
    expect(new S3Error(status, code).isTransient).toBe(passes);
  });
});

describe("Lanes", () => {
  function job(verb: "GET" | "PUT" | "DELETE" | "MKDIR", path: string, size = 1): Job {
    const keys = verb === "PUT" ? { size } : {};
    return {
      asked: { type: "request", request: { verb, path: path.split("/"), keys } },
      body: undefined,
      cancelled: false,
    };
  }

  /** Whether the second is begun while the first is carried out. */
  async function areTogether(first: Job, second: Job): Promise<boolean> {
    const lanes = new Lanes();
    lanes.widen({ requests: 8, uploadSize: 1024 });
    const end = Promise.withResolvers<void>();
    lanes.begin(first, () => end.promise);
    let begun = false;
    const room = lanes.room(second).then(() => (begun = true));
    await new Promise((resolve) => setImmediate(resolve));
    const together = begun;
    end.resolve();
    await room;
    return together;
  }

  test.each([
    ["GET", "a", "GET", "a", true],
    ["PUT", "a", "PUT", "b", true],
    ["PUT", "a/f", "GET", "a/g", true],
    ["DELETE", "a/f", "DELETE", "a/g", true],
    ["PUT", "a", "GET", "a", false],
    ["GET", "a", "PUT", "a", false],
    ["PUT", "a", "PUT", "a/b", false],
    ["PUT", "a", "PUT", "A", false],
    ["GET", "a/\u00e9", "DELETE", "A/e\u0301", false],
    ["DELETE", "a/f", "DELETE", "a", false],
    ["MKDIR", "a", "GET", "b", false],
    ["GET", "b", "MKDIR", "a", false],
  ] as const)("%s %s and %s %s are carried out together: %p", async (v1, p1, v2, p2, together) => {
    expect(await areTogether(job(v1, p1), job(v2, p2))).toBe(together);
  });

  test("carries out one by one until more is allowed", async () => {
    const lanes = new Lanes();
    const end = Promise.withResolvers<void>();
    lanes.begin(job("GET", "a"), () => end.promise);
    let room = false;
    const waiting = lanes.room(job("GET", "b")).then(() => (room = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(room).toBe(false);
    end.resolve();
    await waiting;
  });

  test("stores large files one after the other", async () => {
    expect(await areTogether(job("PUT", "a", 2 ** 30), job("PUT", "b"))).toBe(false);
    expect(await areTogether(job("PUT", "a"), job("PUT", "b", 2 ** 30))).toBe(false);
  });

  test("gives turns in the order of beginning, and no more room than there is", async () => {
    const lanes = new Lanes();
    lanes.widen({ requests: 2, uploadSize: 1024 });
    const turns: Turn[] = [];
    const ends = [0, 1].map(() => Promise.withResolvers<void>());
    for (const [index, end] of ends.entries()) {
      lanes.begin(job("GET", `f${index}`), (turn) => {
        turns.push(turn);
        return end.promise;
      });
    }
    expect(turns.map(({ isNow }) => isNow)).toEqual([true, false]);
    let room = false;
    const waiting = lanes.room(job("GET", "f2")).then(() => (room = true));
    ends[1]?.resolve();
    await waiting;
    expect(room).toBe(true);
    expect(turns[1]?.isNow).toBe(false);
    ends[0]?.resolve();
    await turns[1]?.come;
    expect(turns[1]?.isNow).toBe(true);
    await lanes.settle();
    expect(lanes.busy).toBe(false);
  });
});
