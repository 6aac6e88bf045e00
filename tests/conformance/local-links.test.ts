import { describe, expect, test } from "bun:test";
import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import type { Path } from "../../src/storage/errors.ts";
import { LocalStorage } from "../../src/storage/local/local.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { entriesOf, expectProblem, listed, load, problemOf, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

const CANARY = "nobody reads this";

/** A ground with a canary outside the root. */
async function withCanary(): Promise<LocalGround> {
  const ground = await LocalGround.make();
  await mkdir(join(ground.outside, "b"));
  await writeFile(join(ground.outside, "f"), CANARY);
  await writeFile(join(ground.outside, "b", "f"), CANARY);
  return ground;
}

/** Demands that outside is all as it was. */
async function expectUntouched({ outside }: LocalGround): Promise<void> {
  const names = await readdir(outside, { recursive: true });
  expect(names.toSorted()).toEqual(["b", "b/f", "f"]);
  expect(await readFile(join(outside, "f"), "utf8")).toBe(CANARY);
  expect(await readFile(join(outside, "b", "f"), "utf8")).toBe(CANARY);
  expect((await lstat(join(outside, "f"))).mode & 0o111).toBe(0);
}

/** Demands that no method follows the link that has this name, nor touches it. */
async function expectLeftAlone(ground: LocalGround, name: string, target: string): Promise<void> {
  const { storage } = ground;
  await symlink(target, ground.at(name));
  await store(storage, ["own"], "own");
  await expectProblem("not-a-file", () => storage.stat([name]));
  await expectProblem("not-a-file", () => storage.open([name]));
  await expectProblem("not-a-file", () => listed(storage, [name], true));
  await expectProblem("not-a-file", () => storage.create([name], {}));
  await expectProblem("not-a-file", () => storage.create([name], { absent: true }));
  await expectProblem("not-a-file", () => storage.delete([name]));
  await expectProblem("not-a-file", () => storage.rename([name], ["moved"]));
  await expectProblem("exists", () => storage.rename(["own"], [name]));
  await expectProblem("exists", () => storage.makeFolder([name]));
  expect(await readlink(ground.at(name))).toBe(target);
}

/** Demands that no method goes through a folder that is a link. */
async function expectNoWayThrough(ground: LocalGround, parent: Path): Promise<void> {
  const { storage } = ground;
  await store(storage, ["own"], "own");
  const file = [...parent, "f"];
  const fresh = [...parent, "fresh"];
  for (const path of [file, fresh]) {
    await expectProblem("not-a-file", () => storage.stat(path));
    await expectProblem("not-a-file", () => storage.open(path));
    await expectProblem("not-a-file", () => listed(storage, path));
    await expectProblem("not-a-file", () => storage.delete(path));
    await expectProblem("not-a-file", () => storage.create(path, {}));
    await expectProblem("not-a-file", () => storage.makeFolder(path));
    await expectProblem("not-a-file", () => storage.makeFolder([...path, "deep"]));
    await expectProblem("not-a-file", () => storage.rename(path, ["moved"]));
    await expectProblem("not-a-file", () => storage.rename(["own"], path));
  }
}

describe("LocalStorage: links", () => {
  test.each([
    ["to a file outside", "../outside/f"],
    ["to a folder outside", "../outside"],
    ["to a file inside", "inside/f"],
    ["to a folder inside", "inside"],
    ["to nothing", "missing"],
    ["to nothing outside", "../outside/fresh"],
    ["to itself", "link"],
    ["to a device without end", "/dev/zero"],
  ])("a link %s is never followed and left alone", async (_what, target) => {
    await using ground = await withCanary();
    await store(ground.storage, ["inside", "f"], "inside");
    await expectLeftAlone(ground, "link", target);
    expect((await load(ground.storage, ["inside", "f"])).toString()).toBe("inside");
    await expectUntouched(ground);
  });

  test.each([
    ["outside", "../outside"],
    ["inside", "inside"],
  ])("a link to a folder %s is no parent", async (_what, target) => {
    await using ground = await withCanary();
    const { storage } = ground;
    await store(storage, ["inside", "f"], "inside");
    await storage.makeFolder(["inside", "b"]);
    await storage.makeFolder(["a"]);
    await symlink(target, ground.at("link"));
    await symlink(`../${target}`, ground.at("a", "link"));
    await expectNoWayThrough(ground, ["link"]);
    await expectNoWayThrough(ground, ["link", "b"]);
    await expectNoWayThrough(ground, ["a", "link"]);
    expect(await listed(storage, ["inside"], true)).toEqual(["file inside/f", "folder inside/b"]);
    await expectUntouched(ground);
  });

  test("the message names the part that is a link", async () => {
    await using ground = await withCanary();
    await symlink("../outside", ground.at("link"));
    await expect(ground.storage.stat(["link", "b", "f"])).rejects.toThrow(
      "link is a link, and links are not followed",
    );
  });

  test("links are listed as refused and not gone into", async () => {
    await using ground = await withCanary();
    await symlink("../outside", ground.at("folder"));
    await symlink("../outside/f", ground.at("file"));
    await symlink("missing", ground.at("nothing"));
    const entries = await entriesOf(ground.storage, [], true);
    expect(entries.map((entry) => entry.path.join("/")).toSorted()).toEqual([
      "file",
      "folder",
      "nothing",
    ]);
    for (const entry of entries) {
      expect(entry).toMatchObject({
        type: "refused",
        reason: "a link, and links are not followed",
      });
    }
  });

  test("a link that takes the name before the commit is left alone", async () => {
    await using ground = await withCanary();
    const { storage } = ground;
    for (const absent of [false, true]) {
      const sink = await storage.create(["f"], { absent });
      await sink.write(Buffer.from("new"));
      await symlink("../outside/f", ground.at("f"));
      await expectProblem(absent ? "exists" : "not-a-file", () => sink.commit({ exec: true }));
      expect(await readlink(ground.at("f"))).toBe("../outside/f");
      await unlink(ground.at("f"));
    }
    await expectUntouched(ground);
  });

  test("a link that takes a parent's name before the commit is not followed", async () => {
    await using ground = await withCanary();
    const sink = await ground.storage.create(["a", "b", "f"], {});
    await sink.write(Buffer.from("new"));
    await symlink("../outside", ground.at("a"));
    await expectProblem("not-a-file", () => sink.commit({}));
    expect(await ground.staged()).toEqual([]);
    await expectUntouched(ground);
  });

  test("a folder that becomes a link while it is listed is not gone into", async () => {
    await using ground = await withCanary();
    const { storage } = ground;
    await store(storage, ["a", "f"], "x");
    const seen: string[] = [];
    for await (const some of storage.list([], { recursive: true })) {
      seen.push(...some.map(({ type, path }) => `${type} ${path.join("/")}`));
      if (seen.length > 1) continue;
      await unlink(ground.at("a", "f"));
      await storage.delete(["a"]);
      await symlink("../outside", ground.at("a"));
    }
    expect(seen).toEqual(["folder a", "refused a"]);
  });

  test("links in the way to the root are the operator's own and are followed", async () => {
    using folder = new TemporaryFolder();
    await mkdir(folder.join("real"));
    await symlink("real", folder.join("link"));
    const storage = await LocalStorage.open(folder.join("link"), { make: false });
    await store(storage, ["f"], "x");
    await storage.close();
    expect(storage.location).toBe(folder.join("real"));
    expect(await readFile(folder.join("real", "f"), "utf8")).toBe("x");
  });

  test("the root is made only where that is asked for, and must be a folder", async () => {
    using folder = new TemporaryFolder();
    await writeFile(folder.join("file"), "");
    const root = folder.join("a", "root");
    expect(await problemOf(() => LocalStorage.open(root, { make: false }))).toBe("not-found");
    for (const make of [false, true]) {
      for (const path of [folder.join("file"), folder.join("file", "x")]) {
        expect(await problemOf(() => LocalStorage.open(path, { make }))).toBe("not-a-file");
      }
    }
    await (await LocalStorage.open(root, { make: true })).close();
    expect((await lstat(root)).isDirectory()).toBe(true);
  });
});
