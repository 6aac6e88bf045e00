import { expect, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";

test("limits can be set by the environment, and flags win over it", async () => {
  using folder = new TemporaryFolder();
  const env = { SFTP_MAX_CONNECTIONS: "1", SFTP_QUOTA: "1K", SFTP_MAX_FILE: "5" };
  await using server = await ServerProcess.start(folder.path, ["--max-file", "1K"], { env });
  using client = await FastClient.open(server.port);
  expect(await client.put("f", { content: Buffer.alloc(1024) })).toStartWith("226 ");
  expect(await client.put("g", { content: Buffer.alloc(1) })).toStartWith("552 quota ");
  using other = await FastClient.connect(server.port);
  expect(await other.line()).toStartWith("421 busy All 1 connections");
});

test.each([
  [["--max-connections", "0"], "--max-connections 0 would let nobody in"],
  [["--max-per-address", "many"], "--max-per-address many is no number"],
  [["--max-unauthenticated", "-1"], "--max-unauthenticated -1 is no number"],
  [["--quota", "5X"], "--quota 5X is no size"],
  [["--max-file", "1.5G"], "--max-file 1.5G is no size: give a whole number"],
  [["--rate-limit", "0"], "A rate of 0 lets nothing through"],
  [["--read-only=yes"], "--read-only takes no value"],
])("%p is wrong usage", async (flags, message) => {
  using folder = new TemporaryFolder();
  const ran = await run(["serve", "--port", "0", "--root", folder.join("root"), ...flags]);
  expect(ran).toMatchObject({ status: 2, stdout: "" });
  expect(ran.stderr).toContain(message);
});
