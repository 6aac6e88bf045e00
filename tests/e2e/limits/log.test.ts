import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync, statSync, unlinkSync } from "node:fs";
import { FastClient } from "../../support/fast-client.ts";
import { until, write } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";

import { connect, TemporaryFolder } from "../../support/programs.ts";

import { Fifo, hasFifo, Muted } from "../../support/muted.ts";

const MIB = 1024 * 1024;
describe.skipIf(!hasFifo)("a log that nobody reads", () => {
  const WAYS: readonly [what: string, redirect: (fifo: string) => string, flags: string[]][] = [
    ["lines for people", (fifo) => `2>"${fifo}"`, []],
    ["--json", (fifo) => `>"${fifo}"`, ["--json"]],
  ];
  for (const [what, redirect, flags] of WAYS) {
    test(`${what}: neither holds up the server nor grows in it, and says what was lost`, async () => {
      using folder = new TemporaryFolder();
      using fifo = new Fifo(folder.join("log"));
      await using server = await Muted.start(folder.join("root"), redirect(fifo.path), ...flags);
      // Its memory has found its size by then.
      await server.noise(20_000);
      // What follows is more than 45 MB of lines, of which none may be kept.
      expect(await growthDuring(server, () => server.noise(60_000))).toBeLessThan(36 * MIB);
      let read = "";
      const told = /(\d+) lines of the log were lost|"event":"lost","lines":(\d+)/;
      await until(() => told.test((read += fifo.read())));
      const [, people = "", programs = ""] = told.exec(read) ?? [];
      const lost = Number(people || programs);
      const failed = read.split("n".repeat(240)).length - 1;
      expect(lost).toBeGreaterThan(30_000);
      // In a message the name stands a second time.
      expect(lost + failed / 2).toBeGreaterThan(79_000);
      await server.noise(100);
      await until(() => (read += fifo.read()).split("n".repeat(240)).length - 1 >= failed + 200);
      expect(read.match(new RegExp(told, "g"))).toHaveLength(1);
    });
  }

  test("does not keep it from stopping", async () => {
    using folder = new TemporaryFolder();
    using fifo = new Fifo(folder.join("log"));
    await using server = await Muted.start(folder.join("root"), `2>"${fifo.path}"`);
    await server.noise(5000);
    expect(await server.stop()).toBe(0);
  });
});

describe.skipIf(process.platform !== "linux")("a log to a disk that is full (Linux only)", () => {
  test("/dev/full: everybody is served", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("root/f"), "f");
    await using server = await Muted.start(folder.join("root"), "2>/dev/full");
    await server.noise(1000);
    const ran = await connect(folder.join("client"), server.port, "GET f; PUT f g");
    expect(ran.status).toBe(0);
    expect(await server.stop()).toBe(0);
  });

  const disk = new TemporaryFolder();
  const mounted =
    Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk.path]).exitCode === 0;
  afterAll(() => {
    if (mounted) Bun.spawnSync(["umount", disk.path]);
    disk[Symbol.dispose]();
  });

  test.skipIf(!mounted)(
    `a disk that fills and is emptied: served all the time, and logged again${mounted ? "" : " (needs the right to mount)"}`,
    async () => {
      using folder = new TemporaryFolder();
      write(disk.join("filler"), Buffer.alloc(128 * 1024));
      const log = disk.join("log");
      await using server = await Muted.start(folder.join("root"), `2>>"${log}"`);
      await server.noise(2000);
      expect(statSync(log).size).toBeLessThan(160 * 1024);
      unlinkSync(disk.join("filler"));
      using client = await FastClient.open(server.port);
      expect(await client.ask("MKDIR after")).toBe("250");
      const text = readFileSync(log, "utf8");
      expect(text).toMatch(/\d{3,} lines of the log were lost\n/);
      expect(text).toMatch(/MKDIR after\n$/);
    },
  );
});
