import { describe, expect, test } from "bun:test";
import { encodeKey } from "../../../src/storage/s3/client.ts";

describe("encodeKey()", () => {
  test("leaves nothing that an address or a signature takes for something else", () => {
    expect(encodeKey("a b/c+d/é?#%/!'()*~-_.")).toBe(
      "a%20b/c%2Bd/%C3%A9%3F%23%25/%21%27%28%29%2A~-_.",
    );
  });
});
