import { expect, test } from "bun:test";
import { calledBy } from "../../../src/platform/called.ts";

test.each([
  ["sftp", "sftp"],
  ["./sftp", "sftp"],
  ["/usr/bin/simple-sftp", "simple-sftp"],
  ["simple-sftp", "simple-sftp"],
  [String.raw`C:\Program Files\Simple FTP\simple-sftp.exe`, "simple-sftp"],
  ["share", "share"],
  // What nobody types.
  ["/home/anna/submission/bin/sftp-linux-x64", "sftp"],
  ["dist/sftp-lab", "sftp"],
  ["/usr/local/bin/bun", "sftp"],
  ["bun-profile", "sftp"],
  ["node", "sftp"],
  ["/lib/ld-musl-x86_64.so.1", "sftp"],
  // What a shell would not take as it stands.
  ["", "sftp"],
  ["my sftp", "sftp"],
  ["sftp;rm", "sftp"],
  ["$(sftp)", "sftp"],
  ["-sftp", "sftp"],
  ["\u001b[31msftp", "sftp"],
  ["a\nb", "sftp"],
  ["x".repeat(65), "sftp"],
])("a program started as %j is called %s", (argv0, called) => {
  expect(calledBy(argv0)).toBe(called);
});
