import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { publishedUnder, read, until, write, writeRandom } from "../../support/files.ts";
import {
  BINARY,
  cleanEnvironment,
  connect,
  ServerProcess,
  TemporaryFolder,
} from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { CAN_MOUNT, ONLY_MOUNTED, SmallDisk } from "../../support/small-disk.ts";
import { body, BLOCK_SIZE } from "../../support/wire.ts";

const MIB = 1024 * 1024;
const PAGE = 4096;
const SIZE = 2 * MIB + PAGE;

/** Where the disk is full: how much of the file fits. */
const POINTS: readonly (readonly [string, number])[] = [
  ["before its first byte", 0],
  ["half way", MIB],
  ["before its last byte", 2 * MIB],
];

describe("a disk that is full", () => {
  test.skipIf(!CAN_MOUNT).each(POINTS)(
    `under a server, %s: 452, the old file is whole, the connection goes on${ONLY_MOUNTED}`,
    async (_, room) => {
      using disk = new SmallDisk(8);
      write(disk.join("old"), "old");
      await using server = await ServerProcess.start(disk.path);
      using client = await RawClient.open(server.port);
      const content = Buffer.alloc(SIZE - PAGE + 1, "new");
      for (const name of ["old", "new", "folder/new"]) {
        // Staging takes a page or two of its own on some systems: what is left of it stays free.
        disk.fillUpTo(room);
        for (const keys of [
          "",
          ` part=0123456789abcdef0123456789abcdef`,
          ` size=${content.length}`,
        ]) {
          client.send(`PUT ${name}${keys}\n`, body(content), "END\n");
          expect(await client.reply(), `${name}${keys}`).toStartWith("452 space ");
          expect(await client.sendLine("GET old").reply()).toStartWith("150 size=3 ");
          expect((await client.body()).content.toString()).toBe("old");
        }
        rmSync(disk.join("filler"));
      }
      expect(publishedUnder(disk.path)).toEqual(["old"]);
      client.send("PUT old\n", body(content), "END\n");
      expect(await client.reply()).toStartWith("226 ");
      expect(read(disk.join("old"))?.equals(content)).toBe(true);
    },
  );

  test.skipIf(!CAN_MOUNT).each(["part=fedcba9876543210fedcba9876543210 offset=0", "mtime=5"])(
    `has room for a file where what was left of it filled it: %s${ONLY_MOUNTED}`,
    async (keys) => {
      using disk = new SmallDisk(8);
      await using server = await ServerProcess.start(disk.path);
      using client = await RawClient.open(server.port);
      const part = "part=0123456789abcdef0123456789abcdef offset=0";
      const left = Buffer.alloc(20 * BLOCK_SIZE, "left");
      client.send(`PUT f ${part}\n`, body(left), "ABORT\n");
      expect(await client.reply()).toStartWith("426 aborted ");
      const content = Buffer.alloc(SIZE + 2 * MIB, "new");
      client.send(`PUT other size=${content.length} ${keys}\n`, body(content), "END\n");
      expect(await client.reply()).toStartWith("452 space ");
      client.send(`PUT f size=${content.length} ${keys}\n`, body(content), "END\n");
      expect(await client.reply()).toStartWith("226 ");
    },
  );

  test.skipIf(!CAN_MOUNT).each(POINTS)(
    `under a client, %s: status 7, the old file is whole, the connection goes on${ONLY_MOUNTED}`,
    async (_, room) => {
      using folder = new TemporaryFolder();
      using disk = new SmallDisk(8);
      const content = writeRandom(folder.join("f"), SIZE - PAGE + 1);
      write(folder.join("tree/f"), content);
      write(disk.join("f"), "old");
      disk.fillUpTo(room);
      await using server = await ServerProcess.start(folder.path);
      for (const command of ["GET f", "GET f new", "GET -r tree", "MIRROR tree"]) {
        const ran = await connect(disk.path, server.port, `-${command}; LS; ${command}`);
        expect(ran.status, `${command} ${ran.stderr}`).toBe(7);
        expect(ran.stdout).toBe("f\ntree/\n");
        expect(
          ran.stderr.match(/ f: .*\(on this side\)|GET tree\/f: .*\(on this side\)|GET f: /g)
            ?.length,
        ).toBe(2);
      }
      expect(read(disk.join("f"))?.toString()).toBe("old");
      expect(publishedUnder(disk.path)).toEqual(["f", "filler"]);
      rmSync(disk.join("filler"));
      expect((await connect(disk.path, server.port, "GET f")).status).toBe(0);
      expect(read(disk.join("f"))?.equals(content)).toBe(true);
    },
  );

  test.skipIf(!CAN_MOUNT)(
    `that many fill at once serves all again when there is room${ONLY_MOUNTED}`,
    async () => {
      using disk = new SmallDisk(8);
      await using server = await ServerProcess.start(disk.path);
      const content = Buffer.alloc(2 * BLOCK_SIZE, "content");
      const put = async (index: number): Promise<string> => {
        using client = await RawClient.open(server.port);
        client.send(`PUT many/${index}\n`, body(content), "END\n");
        return await client.reply();
      };
      const replies = await Promise.all(Array.from({ length: 40 }, (_, index) => put(index)));
      const stored = replies.filter((reply) => reply.startsWith("226 "));
      expect(replies.filter((reply) => reply.startsWith("452 space "))).toHaveLength(
        40 - stored.length,
      );
      expect(publishedUnder(disk.path)).toHaveLength(stored.length);
      rmSync(disk.join("many"), { recursive: true, force: true });
      await until(() => disk.room > 4 * MIB);
      expect(await put(1)).toStartWith("226 ");
    },
  );
});

describe("/dev/full as standard output", () => {
  test.each([["GET f -"], ["GET large -"], ["LS"], ["HELP"], ["-GET f -; LS"]])(
    "%s: status 7, told on standard error",
    async (command) => {
      using folder = new TemporaryFolder();
      write(folder.join("server/f"), "content");
      writeRandom(folder.join("server/large"), 3 * MIB);
      await using server = await ServerProcess.start(folder.join("server"));
      const args = ["connect", String(server.port), "--root", folder.join("client"), "-c", command];
      const client = Bun.spawn([BINARY, ...args], {
        stdout: Bun.file("/dev/full"),
        stderr: "pipe",
        env: cleanEnvironment(),
      });
      const said = await new Response(client.stderr).text();
      expect(await client.exited, said).toBe(7);
      expect(said).toContain("Standard output has no room");
    },
  );

  test("--json and --help as well", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("server"));
    const address = String(server.port);
    const root = ["--root", folder.join("client")];
    for (const args of [["--help"], ["connect", address, ...root, "--json", "-c", "LS"]]) {
      const child = Bun.spawn([BINARY, ...args], {
        stdout: Bun.file("/dev/full"),
        stderr: "pipe",
        env: cleanEnvironment(),
      });
      const said = await new Response(child.stderr).text();
      expect(await child.exited, said).toBe(7);
    }
  });
});
