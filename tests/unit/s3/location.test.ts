import { describe, expect, test } from "bun:test";
import { formatS3, isS3, parseS3 } from "../../../src/storage/s3/location.ts";

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
