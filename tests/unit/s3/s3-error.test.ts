import { describe, expect, test } from "bun:test";
import { S3Error } from "../../../src/storage/s3/s3-error.ts";

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
