import { expect, test } from "bun:test";
import { StreamDownload } from "../../src/client/stream-download.ts";
import { Lease } from "../../src/memory/lease.ts";
import { goodFile, HostileServer } from "../support/hostile-server.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { openSession } from "../support/session.ts";
import { BLOCK_SIZE } from "../support/wire.ts";

const BLOCKS = 40;

test("a GET to a stream uses the memory of a block again, but not before it was written", async () => {
  using folder = new TemporaryFolder();
  const content = Buffer.alloc(BLOCKS * BLOCK_SIZE);
  for (let at = 0; at < BLOCKS; at++) content.fill(at + 1, at * BLOCK_SIZE, (at + 1) * BLOCK_SIZE);
  await using server = await HostileServer.startFor("GET", (victim) =>
    victim.send(goodFile(content)),
  );
  const session = await openSession(folder, server.port);
  const used = new Set<ArrayBufferLike>();
  const written: Buffer[] = [];
  const write = async (bytes: Uint8Array): Promise<void> => {
    used.add(bytes.buffer);
    // Whoever takes what is free overwrites it.
    const other = Lease.take();
    other.buffer.fill(0xff);
    await new Promise((resolve) => setImmediate(resolve));
    other.release();
    written.push(Buffer.from(bytes));
  };
  const download = new StreamDownload(["file"], write, {
    fresh: false,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onHandedOver: () => undefined,
    onSent: () => undefined,
    onRestart: () => undefined,
  });
  await download.attempt(session);
  await session.destroy();
  expect(Buffer.concat(written).equals(content)).toBe(true);
  expect(used.size).toBeLessThan(BLOCKS / 4);
});
