import { describe, expect, test } from "bun:test";
import { closeSync, openSync, writeSync } from "node:fs";
import { writeSparse } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { BLOCK_SIZE, fileDigest } from "../../support/wire.ts";

const SIZES = [2 ** 31, 2 ** 32].flatMap((edge) => [edge - 1, edge, edge + 1]);
/** Beyond what a double's 53 bits and a 32-bit number hold apart, and still a size of a file. */
const LARGE = [2 ** 40 + 1, 2 ** 43 - 4097];

describe("sizes across 2^31 and 2^32", () => {
  test.each([...SIZES, ...LARGE])("%d is told exactly by every verb and command", async (size) => {
    using folder = new TemporaryFolder();
    writeSparse(folder.join("server/sparse"), size);
    await using server = await ServerProcess.start(folder.join("server"));
    using client = await RawClient.open(server.port);
    expect(await client.sendLine("STAT sparse").reply()).toStartWith(`213 type=file size=${size} `);
    expect(await client.sendLine("LIST").reply()).toBe("150");
    expect((await client.body()).content.toString()).toContain(`"size":${size},`);
    client.sendLine("GET sparse");
    expect(await client.reply()).toStartWith(`150 size=${size} `);
    client[Symbol.dispose]();

    const ran = await connect(folder.join("client"), server.port, "LS; GET -n sparse", "--json");
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stdout).toContain(`"size":${size},`);
  });

  test.each(SIZES)(
    "%d: a GET that goes on right before the end sends the last bytes alone",
    async (size) => {
      using folder = new TemporaryFolder();
      writeSparse(folder.join("sparse"), size - 3);
      const descriptor = openSync(folder.join("sparse"), "r+");
      writeSync(descriptor, "end", size - 3);
      closeSync(descriptor);
      await using server = await ServerProcess.start(folder.path);
      using client = await RawClient.open(server.port);
      const offset = Math.floor((size - 1) / BLOCK_SIZE) * BLOCK_SIZE;
      const begun = await client.sendLine(`GET sparse offset=${offset}`).reply();
      expect(begun).toStartWith(`150 size=${size} `);
      expect(begun).toContain(` offset=${offset} `);
      const { content, end } = await client.body();
      expect(content).toHaveLength(size - offset);
      expect(content.subarray(-Math.min(3, content.length)).toString()).toBe(
        "end".slice(-Math.min(3, content.length)),
      );
      const digest = await client.sendLine("STAT sparse digest=1").reply();
      expect(digest).toEndWith(end.replace("226", ""));
      const upto = await client.sendLine(`STAT sparse digest=1 upto=${offset}`).reply();
      expect(begun).toContain(`prefix=${/ digest=(\w+)/.exec(upto)?.[1] ?? "none"}`);
      expect(digest).not.toContain(fileDigest(content));
    },
  );
});
