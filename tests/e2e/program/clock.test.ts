import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { read, write, writeRandom } from "../../support/files.ts";
import { ClientProcess, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { StallingProxy } from "../../support/proxy.ts";
import { RawClient } from "../../support/raw-client.ts";
import { block } from "../../support/wire.ts";

/** Debian's libfaketime, which makes a program believe in another time. */
const LIBRARY = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketimeMT.so.1`;
const CAN_FAKE = existsSync(LIBRARY);
const ONLY_FAKED = CAN_FAKE ? "" : " (skipped: needs libfaketime)";
const MIB = 1024 * 1024;

/** A wall clock that a test moves; what counts up by itself is left alone. */
function clock(file: string): { readonly env: Record<string, string>; move(by: string): void } {
  const move = (by: string): void => write(file, `${by}\n`);
  move("+0");
  const env = {
    LD_PRELOAD: LIBRARY,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    DONT_FAKE_MONOTONIC: "1",
  };
  return { env, move };
}

/** The day that a log was written on last. */
function lastDay(server: ServerProcess): string | undefined {
  return server.log.match(/^\d{4}-\d\d-\d\d(?= )/gm)?.at(-1);
}

test.skipIf(!CAN_FAKE).each([
  ["forward", "+1d"],
  ["back", "-1d"],
])(`a wall clock that jumps a day %s times out nobody${ONLY_FAKED}`, async (_, by) => {
  using folder = new TemporaryFolder();
  const content = writeRandom(folder.join("server/big"), 32 * MIB);
  const { env, move } = clock(folder.join("clock"));
  await using server = await ServerProcess.start(folder.join("server"), [], { env });
  using idle = await RawClient.open(server.port);
  using midLine = await RawClient.open(server.port);
  midLine.send("NO");
  using midBody = await RawClient.open(server.port);
  midBody.sendLine("PUT late size=4");
  await using proxy = await StallingProxy.start(server.port, { toClient: 4 * MIB });
  await using client = ClientProcess.start(folder.join("client"), [String(proxy.port)], { env });
  client.type("GET big");
  await proxy.stalled;
  const before = lastDay(server);

  // Signs of life come every 5 s, by which time every deadline was looked at, before and after.
  expect(await midBody.line()).toStartWith("110 ");
  move(by);
  expect(await midBody.line()).toStartWith("110 ");
  using after = await RawClient.open(server.port);
  expect(await after.sendLine("NOOP").reply()).toBe("200");
  // Otherwise nothing is shown.
  expect(lastDay(server)).not.toBe(before);

  expect(await idle.sendLine("NOOP").reply()).toBe("200");
  expect(await midLine.send("OP\n").reply()).toBe("200");
  midBody.send(block(Buffer.from("late")), "END\n");
  expect(await midBody.reply()).toStartWith("226 size=4 ");
  proxy.release();
  expect(await client.finish(), client.log).toBe(0);
  expect(read(folder.join("client/big"))?.equals(content)).toBe(true);
  expect(await server.stop()).toBe(0);
});

test("nothing asks the wall clock but what deals with dates of files, logs and expiries", () => {
  const sources = readdirSync(join(import.meta.dir, "../../../src"), { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".ts"));
  const asking = sources.filter((file) => {
    const text = readFileSync(join(import.meta.dir, "../../../src", file), "utf8");
    return /\bDate\.now\b|\bnew Date\(\)/.test(text);
  });
  expect(asking.toSorted()).toEqual([
    "cli/serve.ts",
    "storage/local/staging.ts",
    // How far an expiry is that somebody else has set.
    "storage/s3/renewal.ts",
    "storage/s3/reply.ts",
    "storage/s3/sweep.ts",
  ]);
});
