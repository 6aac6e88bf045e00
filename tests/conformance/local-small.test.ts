import { beforeAll, expect, test } from "bun:test";
import { lstat, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { fileWorker } from "../../src/storage/local/small/file-worker.ts";
import { SMALL } from "../../src/storage/read-blocks.ts";
import { bytesOf, expectProblem, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";
import { describeStorage } from "./suite.ts";

const COUNT = 200;

/** Files in three folders, some with nothing in them, and some as large as a small one may be. */
const FILES = Array.from({ length: COUNT }, (_, n) => ({
  path: [`d${n % 3}`, `f${n}`],
  content: bytesOf(n % 10 === 0 ? 0 : n % 11 === 0 ? SMALL : 100 + n, n),
  mtime: 1_700_000_000_123 + n,
  exec: n % 2 === 0,
}));

async function storeAll(ground: LocalGround): Promise<void> {
  await Promise.all(
    FILES.map(({ path, content, mtime, exec }) =>
      store(ground.storage, path, content, { size: content.length, mtime, exec }),
    ),
  );
}

/** Once it runs, small files go by way of the thread, however few they are. */
beforeAll(async () => {
  await using ground = await LocalGround.make();
  await storeAll(ground);
  expect(fileWorker.isRunning).toBe(true);
});

describeStorage("LocalStorage with its thread", () => LocalGround.make(), {
  foreignNames: true,
  movesFolders: true,
  repeats: 1,
});

test("many small files are stored at once, with their times and rights", async () => {
  await using ground = await LocalGround.make();
  await storeAll(ground);
  for (const { path, content, mtime, exec } of FILES) {
    expect(await ground.storage.stat(path)).toEqual({
      type: "file",
      size: content.length,
      mtime,
      exec,
    });
    expect(content.equals(await readFile(ground.at(...path)))).toBe(true);
  }
  expect(await ground.staged()).toEqual([]);
});

test("they are replaced, and nothing but files is", async () => {
  await using ground = await LocalGround.make();
  await storeAll(ground);
  await writeFile(`${ground.outside}/secret`, "secret");
  await mkdir(ground.at("d0/folder"));
  await symlink(`${ground.outside}/secret`, ground.at("d0/link"));
  await symlink(ground.outside, ground.at("way"));
  const put = (...path: string[]) => store(ground.storage, path, "new", { size: 3 });
  const [one, two] = await Promise.all([
    Promise.allSettled([put("d0", "f0"), put("d0", "folder"), put("d0", "link"), put("d0", "x")]),
    Promise.allSettled([put("way", "f"), put("way", "secret"), put("d1", "f1", "below")]),
  ]);
  const outcomes = [...one, ...two].map(({ status }) => status === "fulfilled");
  expect(outcomes).toEqual([true, false, false, true, false, false, false]);
  expect(await readFile(ground.at("d0/f0"), "utf8")).toBe("new");
  expect(await readFile(ground.at("d0/x"), "utf8")).toBe("new");
  expect((await lstat(ground.at("d0/link"))).isSymbolicLink()).toBe(true);
  expect(await readFile(`${ground.outside}/secret`, "utf8")).toBe("secret");
  expect(await ground.staged()).toEqual([]);
});

test("they are read ahead, and whatever is unusual is left to open", async () => {
  await using ground = await LocalGround.make();
  await storeAll(ground);
  await writeFile(ground.at("large"), bytesOf(SMALL + 1));
  await symlink(ground.at("d0/f0"), ground.at("link"));
  await symlink(ground.at("d0"), ground.at("way"));
  const { storage } = ground;
  const sources = await Promise.all(FILES.map(({ path }) => storage.openAhead(path)));
  for (const [index, { content, mtime, exec }] of FILES.entries()) {
    const source = sources[index];
    expect(source).toMatchObject({ size: content.length, mtime, exec });
    const read = Buffer.alloc(content.length);
    expect(await source?.read(0, [read])).toBe(content.length);
    expect(content.equals(read)).toBe(true);
  }
  const odd = [["large"], ["link"], ["way", "f0"], ["d0"], ["none"], ["none", "f"]];
  const read = await Promise.all(odd.map((path) => storage.openAhead(path)));
  expect(read).toEqual(odd.map(() => undefined));
  await expectProblem("not-a-file", () => storage.open(["link"]));
});

test("a small file ends once: who leaves it while it is stored waits for that", async () => {
  await using ground = await LocalGround.make();
  const attributes = { mtime: 1_700_000_000_000, exec: false };
  const sink = await ground.storage.create(["small"], { size: 5, attributes });
  await sink.write(Buffer.from("whole"));
  const committed = sink.commit(attributes);
  expect(() => sink.commit(attributes)).toThrow("only once");
  expect(await sink.keep()).toBe(0);
  expect(await readFile(ground.at("small"), "utf8")).toBe("whole");
  await committed;
  const left = await ground.storage.create(["left"], { size: 1, attributes });
  await left.write(Buffer.from("x"));
  await left.abort();
  expect(() => left.commit(attributes)).toThrow("only once");
  expect(await ground.staged()).toEqual([]);
});
