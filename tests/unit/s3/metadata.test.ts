import { describe, expect, test } from "bun:test";
import { itemOf, keptOf, metadataOf } from "../../../src/storage/s3/metadata.ts";

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
