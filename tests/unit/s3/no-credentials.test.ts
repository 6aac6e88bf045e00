import { describe, expect, test } from "bun:test";
import { whyNoCredentials } from "../../../src/storage/s3/no-credentials.ts";

const SECRET = "secret-of-somebody";

describe("whyNoCredentials()", () => {
  test("names each place in turn, and of addresses only who is asked", () => {
    const text = whyNoCredentials(new Error("Could not load credentials from any providers"), {
      AWS_WEB_IDENTITY_TOKEN_FILE: "/token",
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `https://user:${SECRET}@host:99/${SECRET}?${SECRET}`,
    });
    expect(text).toBe(
      "No credentials were found in AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, nor in the " +
        "profile default in ~/.aws, nor in the role of AWS_WEB_IDENTITY_TOKEN_FILE, nor in the " +
        "container's role at https://host:99: put them into one of these",
    );
  });

  test.each([
    [{}, "the machine's role at http://169.254.169.254"],
    [{ AWS_EC2_METADATA_DISABLED: "true" }, "which AWS_EC2_METADATA_DISABLED rules out"],
    [{ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: `/${SECRET}` }, "role at http://169.254.170.2"],
    [{ AWS_PROFILE: "work" }, "found in the profile work in ~/.aws, nor in the machine's"],
  ])("says where with %p", (env, where) => {
    const text = whyNoCredentials(undefined, env);
    expect(text).toContain(where);
    expect(text).not.toContain(SECRET);
  });

  test.each([
    ["SyntaxError", `Unexpected identifier "${SECRET}"`, {}, "(its answer makes no sense)"],
    ["Error", `Command failed: get --password ${SECRET}`, {}, "(Error)"],
    ["Error", `${SECRET} is not a valid container metadata service URL`, {}, "(Error)"],
    ["Error", SECRET, { code: "ECONNRESET" }, "(ECONNRESET)"],
    ["Error", "Profile x credential_process failed", {}, "(Profile x credential_process failed)"],
  ])("says why, and nothing that may be a secret: %s %s", (name, message, more, why) => {
    const error = name === "Error" ? new Error(message) : new SyntaxError(message);
    const text = whyNoCredentials(Object.assign(error, more), {});
    expect(text).toContain(why);
    expect(text).not.toContain(SECRET);
  });
});
