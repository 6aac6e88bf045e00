import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { read, until, writeRandom } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { noStalls, stalling, StallingFolder } from "../../support/stalling-folder.ts";

// A sign of life comes every five seconds, and the deadlines are longer than two of them.
setDefaultTimeout(240_000);

const skipped = noStalls !== undefined;
const MIB = 1024 * 1024;
const SIZE = 8 * MIB;
const LARGE = 64 * MIB;
/** Without signs of life both sides give up within this time, in seconds. */
const DEADLINE = "12";

const isSign = (line: string): boolean => line === "~" || line.startsWith("110 ");

describe.concurrent("signs of life", () => {
  test.skipIf(skipped)(
    stalling("a server whose disk hangs says 110 before a body, ~ in it, and the client waits"),
    async () => {
      using folder = new TemporaryFolder();
      await using disk = await StallingFolder.mount(folder, "disk");
      const content = writeRandom(`${disk.behind}/file`, SIZE);
      await using server = await ServerProcess.start(disk.path);
      await using proxy = await FaultyProxy.start(server.port);
      const lines = (pattern: RegExp): number =>
        proxy.lines("toClient").filter((line) => pattern.test(line)).length;
      await disk.stall({ op: "open", name: "file" });
      const getting = connect(folder.join("client"), proxy.port, "GET file", "--timeout", DEADLINE);
      await until(() => lines(/^110 done=0$/) >= 2);
      await disk.stall({ op: "read", name: "file", from: SIZE / 2 });
      expect(lines(/^150 /)).toBe(0);
      // What waits to be opened must go on to the read that hangs.
      await disk.release("open");
      await until(() => lines(/^~$/) >= 2);
      expect(proxy.blocks("toClient")).toBeGreaterThan(0);
      await disk.release();
      const got = await getting;
      expect(got.stderr).toContain("verified");
      expect(got.status).toBe(0);
      expect(read(folder.join("client/file"))?.equals(content)).toBe(true);
      expect(proxy.passages).toHaveLength(1);
      const all = proxy.lines("toClient").filter((line) => isSign(line) || line.startsWith("150 "));
      const kinds = all.map((line) => line.slice(0, 3).trim());
      expect(kinds).toEqual(["110", "110", "150", "~", "~"]);
    },
  );

  test.skipIf(skipped)(
    stalling("a server that cannot store says 110 while the client waits for its reply"),
    async () => {
      using folder = new TemporaryFolder();
      await using disk = await StallingFolder.mount(folder, "disk");
      await using server = await ServerProcess.start(disk.path);
      await using proxy = await FaultyProxy.start(server.port);
      const content = writeRandom(folder.join("client/file"), SIZE);
      await disk.stall({ op: "write", from: SIZE / 2 });
      const putting = connect(folder.join("client"), proxy.port, "PUT file", "--timeout", DEADLINE);
      await until(() => proxy.lines("toClient").filter(isSign).length >= 3);
      expect(proxy.lines("toClient").filter(isSign).slice(0, 3)).toEqual([
        expect.stringMatching(/^110 done=\d+$/),
        expect.stringMatching(/^110 done=\d+$/),
        expect.stringMatching(/^110 done=\d+$/),
      ]);
      await disk.release();
      const put = await putting;
      expect(put.stderr).toContain("verified");
      expect(put.status).toBe(0);
      expect(read(`${disk.behind}/file`)?.equals(content)).toBe(true);
      expect(proxy.passages).toHaveLength(1);
    },
  );

  test.skipIf(skipped)(
    stalling("a client whose disk hangs says ~ in its PUT, and the server waits"),
    async () => {
      using folder = new TemporaryFolder();
      await using disk = await StallingFolder.mount(folder, "disk");
      // While the server is asked what it holds the file is read, and that must not come to the half.
      const content = writeRandom(`${disk.behind}/file`, LARGE);
      const flags = ["--line-timeout", DEADLINE];
      await using server = await ServerProcess.start(folder.join("server"), flags);
      await using proxy = await FaultyProxy.start(server.port);
      await disk.stall({ op: "read", name: "file", from: LARGE / 2 });
      const putting = connect(disk.path, proxy.port, "PUT file");
      let ended = false;
      void putting.then(() => (ended = true));
      await until(() => ended || proxy.lines("toServer").filter(isSign).length >= 3);
      const signs = proxy.lines("toServer").filter(isSign).slice(0, 3);
      expect([ended, ...signs]).toEqual([false, "~", "~", "~"]);
      expect(proxy.blocks("toServer")).toBeGreaterThan(0);
      expect(read(folder.join("server/file"))).toBeUndefined();
      await disk.release();
      const put = await putting;
      expect(put.stderr).toContain("verified");
      expect(put.status).toBe(0);
      expect(read(folder.join("server/file"))?.equals(content)).toBe(true);
      expect(proxy.passages).toHaveLength(1);
    },
  );
});
