import { describe, expect, test } from "bun:test";
import { appendFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { publishedUnder, read, writeRandom } from "../../support/files.ts";
import { Scene } from "../../support/resume.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

/** So large that its reader, who may be ahead of the network by some MiB, is surely in its middle. */
const SIZE = 240 * BLOCK_SIZE + 1000;

type Change = (path: string) => void;

const IN_PLACE: readonly (readonly [string, Change])[] = [
  ["grows", (path) => appendFileSync(path, "more")],
  ["grows by as much again", (path) => appendFileSync(path, Buffer.alloc(SIZE, "more"))],
  ["shrinks by a byte", (path) => truncateSync(path, SIZE - 1)],
  ["shrinks below what was sent", (path) => truncateSync(path, BLOCK_SIZE)],
  ["shrinks to nothing", (path) => truncateSync(path, 0)],
  ["is written anew in its place", (path) => writeFileSync(path, Buffer.alloc(SIZE, "other"))],
];

const REPLACED: readonly (readonly [string, Change])[] = [
  ["is removed", (path) => unlinkSync(path)],
  [
    "is replaced by another",
    (path) => {
      writeRandom(`${path}.new`, SIZE);
      renameSync(`${path}.new`, path);
    },
  ],
];

describe.each([
  ["GET", "server", "client", "toClient"],
  ["PUT", "client", "server", "toServer"],
] as const)("at half way of a %s, a file that", (verb, from, to, side) => {
  test.each(IN_PLACE)(
    "%s: nothing is stored, status 1, and the connection goes on",
    async (_, change) => {
      await using scene = await Scene.start([{ [side]: { afterContent: SIZE / 2, do: "hold" } }]);
      const source = scene.folder.join(from, "f");
      writeRandom(source, SIZE);
      writeRandom(scene.folder.join(from, "other"), 1000);
      await using client = scene.start(`-${verb} f; ${verb} other`, "--json");
      await scene.proxy.faulted;
      change(source);
      scene.proxy.release();
      expect(await client.ended(), client.log).toBe(0);
      expect(client.log).toContain('"status":1');
      expect(client.log).toContain("while it was read");
      expect(client.log.match(/"opened"/g)).toHaveLength(1);
      expect(publishedUnder(scene.folder.join(to))).toEqual(["other"]);
    },
  );

  test.each(REPLACED)("%s: the old content arrives whole", async (_, change) => {
    await using scene = await Scene.start([{ [side]: { afterContent: SIZE / 2, do: "hold" } }]);
    const source = scene.folder.join(from, "f");
    const old = writeRandom(source, SIZE);
    await using client = scene.start(`${verb} f; LS`);
    await scene.proxy.faulted;
    change(source);
    scene.proxy.release();
    expect(await client.ended(), client.log).toBe(0);
    expect(read(scene.folder.join(to, "f"))?.equals(old)).toBe(true);
  });
});
