import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { build } from "../../../scripts/build.ts";
import { BINARY, connect, run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { read, write } from "../../support/files.ts";

/** What only a program can hold that can be told to fail. */
const WORDS = ["SFTP_FAULT", "SFTP_SABOTAGE", "no-replace", "write-errors"];

test("the program that users get holds nothing of the fault points, and the laboratory's does", async () => {
  const shipped = readFileSync(BINARY);
  const made = readFileSync(await build(true));
  for (const word of WORDS) {
    expect(shipped.includes(word), word).toBe(false);
    expect(shipped.includes(Buffer.from(word, "utf16le")), word).toBe(false);
    expect(made.includes(word), word).toBe(true);
  }
});

test("the program that users get obeys none of the laboratory's variables", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/f"), "content");
  const env = { SFTP_FAULT: "open:1:EIO", SFTP_FAULT_TRACE: folder.join("trace") };
  await using server = await ServerProcess.start(folder.join("server"), [], { env });
  const args = ["connect", String(server.port), "--root", folder.join("client"), "-c", "GET f"];
  expect((await run(args, { env })).status).toBe(0);
  expect((await connect(folder.join("client"), server.port, "PUT f g")).status).toBe(0);
  expect(read(folder.join("trace"))).toBeUndefined();
});

test("a source that cannot be closed spoils nothing (found by the part points)", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("client/f"), "content");
  await using server = await ServerProcess.start(folder.join("server"));
  const args = ["connect", String(server.port), "--root", folder.join("client"), "-c", "PUT f"];
  const binary = await build(true);
  const ran = await run(args, { env: { SFTP_FAULT: "close:1:EIO" }, binary });
  expect(ran.stderr).toContain("verified");
  expect(ran.status).toBe(0);
  expect(read(folder.join("server/f"))?.toString()).toBe("content");
});
