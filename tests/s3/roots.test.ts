import { expect, test } from "bun:test";
import { expectProblem, problemOf, store } from "../conformance/ground.ts";
import { describeWithGateway } from "./gateway.ts";
import { S3Ground } from "./s3-ground.ts";

describeWithGateway("a root that lies in another", () => {
  test("knows of markers that were removed in the other", async () => {
    await using ground = await S3Ground.make();
    const { storage } = ground;
    await store(storage, ["b", "d", "x"], "x");
    const inner = await storage.inside(["b"]);
    // A marker is put in place of the last file, and need not be put again for a while.
    await storage.delete(["b", "d", "x"]);
    await inner.delete(["d"]);
    await store(inner, ["d", "y"], "y");
    await storage.delete(["b", "d", "y"]);
    expect(await inner.stat(["d"])).toMatchObject({ type: "folder" });
    expect(await ground.holds(["b", "d"])).toBe(true);
  });

  test("knows of files that were stored in the other", async () => {
    await using ground = await S3Ground.make();
    const { storage } = ground;
    const inner = await storage.inside(["b"]);
    await store(inner, ["d", "x"], "x");
    await inner.delete(["d", "x"]);
    await inner.delete(["d"]);
    await store(storage, ["b", "d"], "file");
    await expectProblem("not-a-file", () => store(inner, ["d", "y"], "y"));
    expect(await ground.keys()).not.toContain("b/d/y");
  });

  test("changes a name in turn with the other", async () => {
    await using ground = await S3Ground.make();
    const { storage } = ground;
    await store(storage, ["b", "f"], "x");
    const inner = await storage.inside(["b"]);
    const ends = [() => storage.delete(["b", "f"]), () => inner.delete(["f"])].map(problemOf);
    expect(await Promise.all(ends)).toEqual(["done", "not-found"]);
  });
});
