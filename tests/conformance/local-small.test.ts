import { beforeAll, expect, test } from "bun:test";
import { lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { fileWorker } from "../../src/storage/local/small/file-worker.ts";
import { SMALL } from "../../src/storage/read-blocks.ts";
import { bytesOf, expectProblem } from "./ground.ts";
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

const NEW = FILES.map(({ path, content, mtime, exec }) => ({
  path,
  content,
  attributes: { mtime, exec },
}));

async function storeAll(ground: LocalGround): Promise<void> {
  const stored = await ground.storage.storeSmall?.(NEW);
  expect(stored).toEqual(FILES.map(() => 0));
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

test("they are replaced, and nothing but files is; whatever is unusual is left to create", async () => {
  await using ground = await LocalGround.make();
  await storeAll(ground);
  await writeFile(`${ground.outside}/secret`, "secret");
  await mkdir(ground.at("d0/folder"));
  await symlink(`${ground.outside}/secret`, ground.at("d0/link"));
  await symlink(ground.outside, ground.at("way"));
  const put = (name: string) => ({
    path: name.split("/"),
    content: Buffer.from("new"),
    attributes: {},
  });
  const odd =
    "d0/folder d0/link d0/x way/f way/secret d1/f1/below d0/../d1/y .sftp-staging/f d0/a:b";
  const names = ["d0/f3", ...odd.split(" "), "d2/z"];
  const large = { ...put("d0/large"), content: bytesOf(SMALL + 1) };
  const stored = await ground.storage.storeSmall?.([...names.map(put), large]);
  const size = FILES[3]?.content.length;
  const rest = [0, undefined, undefined, undefined, undefined, undefined, undefined, 0, undefined];
  expect(stored).toEqual([size, undefined, undefined, ...rest]);
  expect(await readFile(ground.at("d0/f3"), "utf8")).toBe("new");
  expect(await readFile(ground.at("d0/x"), "utf8")).toBe("new");
  expect((await lstat(ground.at("d0/link"))).isSymbolicLink()).toBe(true);
  expect(await readFile(`${ground.outside}/secret`, "utf8")).toBe("secret");
  expect(await ground.staged()).toEqual([]);
});

test("a folder that somebody removes is made again", async () => {
  await using ground = await LocalGround.make();
  await storeAll(ground);
  await rm(ground.at("d0"), { recursive: true });
  const [first = []] = FILES.map(({ path }) => path);
  const one = { path: first, content: Buffer.from("x"), attributes: {} };
  expect(await ground.storage.storeSmall?.([one])).toEqual([0]);
});

test("they are read together, and whatever is unusual is left to open", async () => {
  await using ground = await LocalGround.make();
  await storeAll(ground);
  await writeFile(ground.at("large"), bytesOf(SMALL + 1));
  await symlink(ground.at("d0/f0"), ground.at("link"));
  await symlink(ground.at("d0"), ground.at("way"));
  const { storage } = ground;
  const read = await storage.readSmall(FILES.map(({ path }) => path));
  for (const [index, { content, mtime, exec }] of FILES.entries()) {
    const file = read[index];
    expect(file).toMatchObject({ mtime, exec });
    expect(content.equals(file?.content ?? Buffer.alloc(1))).toBe(true);
  }
  const odd = [
    ["large"],
    ["link"],
    ["way", "f0"],
    ["d0"],
    ["none"],
    ["none", "f"],
    [],
    ["..", "f"],
  ];
  const [first = []] = FILES.map(({ path }) => path);
  const files = await storage.readSmall([...odd, first]);
  expect(files.slice(0, -1)).toEqual(odd.map(() => undefined));
  expect(files.at(-1)).toBeDefined();
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
