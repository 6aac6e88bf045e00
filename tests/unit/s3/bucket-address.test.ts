import { describe, expect, test } from "bun:test";
import { bucketAddress } from "../../../src/storage/s3/bucket-address.ts";

describe("bucketAddress()", () => {
  test.each([
    ["b1", undefined, undefined, "https://b1.s3.eu-west-1.amazonaws.com"],
    ["b1", undefined, "path", "https://s3.eu-west-1.amazonaws.com/b1"],
    // No certificate for *.host is good for a name with a dot in front of it.
    ["my.b1", undefined, undefined, "https://s3.eu-west-1.amazonaws.com/my.b1"],
    ["Old_Name", undefined, undefined, "https://s3.eu-west-1.amazonaws.com/Old_Name"],
    ["b1", "http://store:80", undefined, "http://store/b1"],
    ["b1", "http://store:9000/", "path", "http://store:9000/b1"],
    ["b1", "http://store:9000", "host", "http://b1.store:9000"],
    ["my.b1", "http://store:9000", "host", "http://my.b1.store:9000"],
    ["b1", "https://store/s3/", "host", "https://b1.store/s3"],
    ["b1", "https://store/s3/", "path", "https://store/s3/b1"],
  ] as const)("of %s at %s, by %s", (bucket, endpoint, style, address) => {
    expect(bucketAddress(bucket, endpoint, "eu-west-1", style)).toBe(address);
  });

  test.each([
    ["b1", "http://127.0.0.1:9000"],
    ["b1", "http://[::1]:9000"],
    ["Old_Name", "http://store"],
  ])("%s cannot stand in front of %s", (bucket, endpoint) => {
    expect(bucketAddress(bucket, endpoint, "us-east-1", "host")).toBeUndefined();
  });
});
