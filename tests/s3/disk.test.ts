import { expect, test } from "bun:test";
import { FileDigest } from "../../src/digest/file.ts";
import { blockDigest } from "../../src/digest/block.ts";
import { BLOCK_SIZE } from "../../src/storage/read-blocks.ts";
import type { Part, Sink, Source } from "../../src/storage/storage.ts";
import { bytesOf, entriesOf, expectProblem, listed, load, store } from "../conformance/ground.ts";
import { write, writeRandom } from "../support/files.ts";
import { ClientProcess, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { StallingProxy } from "../support/proxy.ts";
import { BUCKET, describeWithGateway, gateway } from "./gateway.ts";
import { S3Ground } from "./s3-ground.ts";
import { soon } from "./soon.ts";

const PART = 8 * 1024 * 1024;
const CONTENT = bytesOf(2 * PART + 3 * BLOCK_SIZE + 10);
const ID = "0123456789abcdef0123456789abcdef";
/** What a side object that belongs to a stored file is called. */
const SIDE = /^\.sftp-staging\/[0-9a-f]{32}-[0-9a-f]{16}$/;

function partOf(onTaken: () => void = () => undefined): Part {
  return { id: ID, onTaken };
}

/** Writes so that two parts are in the store, and named in the record. */
async function writeTwoParts(ground: S3Ground, sink: Sink): Promise<void> {
  await sink.write(CONTENT.subarray(0, 2 * PART));
  await soon(async () => {
    const records = (await ground.keys()).filter((key) => SIDE.test(key));
    const bodies = await Promise.all(
      records.map(async (key) => (await ground.bucket.get(ground.key(key), PART))?.body.toString()),
    );
    return bodies.some((body) => body?.split('"etag"').length === 3);
  });
}

function digestOf(content: Buffer): bigint {
  const digest = new FileDigest();
  for (let at = 0; at < content.length; at += BLOCK_SIZE) {
    digest.add(blockDigest(content.subarray(at, at + BLOCK_SIZE)));
  }
  return digest.value();
}

async function readAll(source: Source): Promise<number> {
  let at = 0;
  const buffer = Buffer.alloc(BLOCK_SIZE);
  for (let read = 1; read > 0; at += read) read = await source.read(at, [buffer]);
  return at;
}

describeWithGateway("an upload by parts", () => {
  test("goes on at another server from the last whole part of one that was killed", async () => {
    await using ground = await S3Ground.make();
    const taken = Promise.withResolvers<void>();
    const options = { size: CONTENT.length, attributes: { mtime: 5, exec: true } };
    const killed = await ground.storage.create(["f"], {
      ...options,
      part: partOf(taken.resolve),
    });
    await writeTwoParts(ground, killed);
    await killed.write(CONTENT.subarray(2 * PART, 2 * PART + BLOCK_SIZE));

    const other = await ground.again();
    const resumed = await other.resume(["f"], partOf(), options);
    expect(resumed?.held).toBe(2 * PART);
    const digest = new FileDigest();
    await resumed?.digestHeld(digest, () => undefined);
    expect(digest.value()).toBe(digestOf(CONTENT.subarray(0, 2 * PART)));
    await resumed?.write(CONTENT.subarray(2 * PART));
    // The first one is alive after all: it finds out, stores nothing and takes nothing away.
    await killed.write(CONTENT.subarray(2 * PART + BLOCK_SIZE));
    await expectProblem("taken", () => killed.commit({ mtime: 5, exec: true }));
    await taken.promise;
    await resumed?.commit({ mtime: 5, exec: true });
    expect((await load(ground.storage, ["f"])).equals(CONTENT)).toBe(true);
    expect(await ground.storage.stat(["f"])).toMatchObject({ mtime: 5, exec: true });
    expect(await ground.uploads()).toEqual([]);
  });

  test("keeps the digest of what was put, and leaves one small object beside the file", async () => {
    await using ground = await S3Ground.make();
    const { storage } = ground;
    await store(storage, ["f"], CONTENT);
    const staged = (await ground.keys()).filter((key) => key !== "f");
    expect(staged).toHaveLength(1);
    expect(staged[0]).toMatch(SIDE);
    const source = await storage.open(["f"]);
    expect(source.digest).toBe(digestOf(CONTENT));
    await source.close();
    await storage.sweep(-1);
    expect((await ground.keys()).toSorted()).toEqual([...staged, "f"].toSorted());
    await storage.delete(["f"]);
    expect(await ground.keys()).toEqual([]);
  });

  test("that replaces a file takes its side object with it; so does a small file, at the sweep", async () => {
    await using ground = await S3Ground.make();
    const { storage } = ground;
    await store(storage, ["f"], CONTENT);
    const first = (await ground.keys()).find((key) => SIDE.test(key));
    await store(storage, ["f"], CONTENT);
    const [second, ...more] = (await ground.keys()).filter((key) => SIDE.test(key));
    expect(more).toEqual([]);
    expect(second).not.toBe(first);
    await store(storage, ["f"], "small");
    await storage.sweep(-1);
    expect(await ground.keys()).toEqual(["f"]);
  });

  test("that was left is swept by its age, and nothing else is", async () => {
    await using ground = await S3Ground.make();
    const { storage, bucket } = ground;
    const sink = await storage.create(["f"], { part: partOf() });
    await writeTwoParts(ground, sink);
    await sink.keep();
    const orphan = await bucket.begin(ground.key("orphan"), {});
    await bucket.putPart(ground.key("orphan"), orphan, 1, Buffer.alloc(10));
    await ground.plant([".sftp-staging", "mine"], Buffer.from("mine"));
    const other = await ground.again();
    await other.sweep(3_600_000);
    expect((await ground.uploads()).toSorted()).toEqual(
      ["f", "orphan"].map((key) => ground.key(key)),
    );
    await other.sweep(-1);
    expect(await ground.uploads()).toEqual([]);
    expect(await ground.keys()).toEqual([".sftp-staging/mine"]);
    expect(await other.resume(["f"], partOf(), {})).toBeUndefined();
  });

  test("of times that are known only at its end has them all the same", async () => {
    await using ground = await S3Ground.make();
    const sink = await ground.storage.create(["f"], {});
    await sink.write(CONTENT);
    await sink.commit({ mtime: 1_234_567_890_123, exec: true });
    expect(await ground.storage.stat(["f"])).toMatchObject({
      size: CONTENT.length,
      mtime: 1_234_567_890_123,
      exec: true,
    });
    expect((await load(ground.storage, ["f"])).equals(CONTENT)).toBe(true);
  });
});

describeWithGateway("a file in a store", () => {
  test("is copied by parts where it is large, with all that is known of it", async () => {
    const copySizes = { mostAtOnce: PART, part: 6 * 1024 * 1024 };
    await using ground = await S3Ground.make({ copySizes });
    const { storage } = ground;
    await store(storage, ["f"], CONTENT, {
      mtime: 7,
      exec: true,
      attributes: { mtime: 7, exec: true },
    });
    await storage.rename(["f"], ["g"]);
    expect(await storage.stat(["g"])).toMatchObject({ mtime: 7, exec: true });
    expect((await load(storage, ["g"])).equals(CONTENT)).toBe(true);
    const source = await storage.open(["g"]);
    expect(source.digest).toBe(digestOf(CONTENT));
    await source.close();
    expect(await ground.keys()).toEqual(["g"]);
  });

  test("that is replaced, or goes, while it is read is never mixed with another", async () => {
    await using ground = await S3Ground.make();
    const { storage } = ground;
    const large = bytesOf(40 * 1024 * 1024);
    for (const change of [
      () => store(storage, ["f"], bytesOf(large.length, 2)),
      () => store(storage, ["f"], "short"),
      () => storage.delete(["f"]),
    ]) {
      await store(storage, ["f"], large);
      const source = await storage.open(["f"]);
      await source.read(0, [Buffer.alloc(BLOCK_SIZE)]);
      await change();
      await expectProblem("changed", () => readAll(source));
      await source.close();
    }
  });

  test("of another tool is served, with the time that rclone has set", async () => {
    await using ground = await S3Ground.make();
    const { bucket, storage } = ground;
    const headers = { "x-amz-meta-mtime": "1234567890.123456789", "content-encoding": "gzip" };
    await bucket.put(ground.key("a", "f"), Buffer.from("not really"), headers);
    expect(await storage.stat(["a", "f"])).toMatchObject({ size: 10, mtime: 1_234_567_890_123 });
    expect((await load(storage, ["a", "f"])).toString()).toBe("not really");
  });

  test("that goes leaves its folder there, also one that has just been made again", async () => {
    await using ground = await S3Ground.make();
    const { storage } = ground;
    for (let times = 0; times < 2; times++) {
      await store(storage, ["d", "f"], "x");
      await storage.delete(["d", "f"]);
      expect(await listed(storage, [])).toEqual(["folder d"]);
      await storage.delete(["d"]);
      expect(await listed(storage, [])).toEqual([]);
    }
  });

  test("whose key is no path is listed as refused, and hides nothing", async () => {
    await using ground = await S3Ground.make();
    const { bucket, storage } = ground;
    for (const key of ["a//b", "c", "c!", "c/d", "e/f"]) {
      await bucket.put(ground.key(key), Buffer.from("x"));
    }
    const entries = await entriesOf(storage, [], true);
    expect(entries.map(({ type, path }) => `${type} ${path.join("/")}`).toSorted()).toEqual([
      "file c",
      "file c!",
      "file e/f",
      "folder a",
      "folder e",
      "refused a/",
      "refused c",
    ]);
  });

  test("lies among thousands that are listed page by page", async () => {
    await using ground = await S3Ground.make();
    const { bucket, storage } = ground;
    const names = Array.from({ length: 1010 }, (_, index) => `f${String(index).padStart(5, "0")}`);
    for (let from = 0; from < names.length; from += 100) {
      const some = names.slice(from, from + 100);
      await Promise.all(some.map((name) => bucket.put(ground.key("many", name), Buffer.alloc(0))));
    }
    expect(await listed(storage, ["many"])).toEqual(names.map((name) => `file many/${name}`));
    expect(await listed(storage, [], true)).toHaveLength(names.length + 1);
  });
});

describeWithGateway("the program on a store", () => {
  const env = (): Record<string, string> => gateway().environment;

  test("killed again and again while it replaces a file: the old one stays whole", async () => {
    await using ground = await S3Ground.make();
    using folder = new TemporaryFolder();
    await store(ground.storage, ["f"], "old");
    const content = writeRandom(folder.join("f"), 30 * 1024 * 1024);
    for (const at of [1, 9, 20, 29]) {
      await using server = await ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, [], {
        env: env(),
      });
      await using proxy = await StallingProxy.start(server.port, { toServer: at * 1024 * 1024 });
      await using client = ClientProcess.start(folder.path, [
        String(proxy.port),
        "-c",
        "PUT --fresh f",
      ]);
      await proxy.stalled;
      await server.stop("SIGKILL");
      proxy.release();
      expect(await client.ended()).not.toBe(0);
      expect((await load(ground.storage, ["f"])).toString()).toBe("old");
    }
    await using server = await ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, [], {
      env: env(),
    });
    const args = ["connect", String(server.port), "--root", folder.path, "-c", "PUT f"];
    expect((await run(args)).status).toBe(0);
    expect((await load(ground.storage, ["f"])).equals(content)).toBe(true);
    await ground.storage.sweep(-1);
    expect(await ground.uploads()).toEqual([]);
    expect((await ground.keys()).filter((key) => key !== "f" && !SIDE.test(key))).toEqual([]);
  });

  test("that is read-only writes nothing there, not even to try", async () => {
    await using ground = await S3Ground.make();
    using folder = new TemporaryFolder();
    await store(ground.storage, ["f"], CONTENT);
    const sink = await ground.storage.create(["g"], { part: partOf() });
    await writeTwoParts(ground, sink);
    await sink.keep();
    const before = [await ground.keys(), await ground.uploads()];
    const flags = ["--read-only", "--keep-partial", "0"];
    await using server = await ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, flags, {
      env: env(),
    });
    write(folder.join("x"), "x");
    const args = ["connect", String(server.port), "--root", folder.path];
    expect((await run([...args, "-c", "GET f"])).status).toBe(0);
    for (const command of ["PUT x", "MKDIR m", "RM f", "MV f h"]) {
      expect((await run([...args, "-c", command])).status).toBe(6);
    }
    expect([await ground.keys(), await ground.uploads()]).toEqual(before);
  });

  test("says what is wrong with a root before it serves", async () => {
    const serve = (root: string, extra: Record<string, string> = {}, ...flags: string[]) =>
      run(["serve", "--port", "0", "--root", root, ...flags], { env: { ...env(), ...extra } });
    const missing = await serve("s3://no-such-bucket/x");
    expect(missing).toMatchObject({ status: 5 });
    expect(missing.stderr).toContain("There is no bucket no-such-bucket");
    const wrong = await serve(`s3://${BUCKET}`, { AWS_SECRET_ACCESS_KEY: "wrong" });
    expect(wrong.stderr).toContain("credentials are not taken");
    const none = await serve(`s3://${BUCKET}`, {
      AWS_ACCESS_KEY_ID: "",
      AWS_SECRET_ACCESS_KEY: "",
      AWS_EC2_METADATA_DISABLED: "true",
    });
    expect(none.stderr).toContain("No credentials were found");
    for (const root of ["s3://", "s3://b//c", "s3://b/../c"]) {
      expect(await serve(root)).toMatchObject({ status: 2 });
    }
    expect(await serve(`s3://${BUCKET}`, {}, "--s3-style", "round")).toMatchObject({ status: 2 });
  });

  test("takes credentials and the store from a profile", async () => {
    await using ground = await S3Ground.make();
    using folder = new TemporaryFolder();
    await store(ground.storage, ["f"], "x");
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = env();
    write(
      folder.join(".aws/credentials"),
      `[other]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`,
    );
    write(
      folder.join(".aws/config"),
      `[profile other]\nregion = us-east-1\nendpoint_url = ${gateway().endpoint}\n`,
    );
    await using server = await ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, [], {
      env: { HOME: folder.path, AWS_PROFILE: "other" },
    });
    const args = ["connect", String(server.port), "--root", folder.path, "-c", "LS"];
    expect(await run(args)).toMatchObject({ status: 0, stdout: "f\n" });
  });
});
