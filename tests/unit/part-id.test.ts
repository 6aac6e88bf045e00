import { describe, expect, test } from "bun:test";
import { chmod, readdir, stat, writeFile, mkdir } from "node:fs/promises";
import { downloadId, uploadKey } from "../../src/client/part-id.ts";
import { uploadSecret } from "../../src/client/secret.ts";
import { LocalStorage } from "../../src/storage/local/local.ts";
import { TemporaryFolder } from "../support/programs.ts";

const SECRET = Buffer.alloc(32, 1);
const ADDRESS = { host: "127.0.0.1", port: 12000 };

async function ground(folder: TemporaryFolder): Promise<[LocalStorage, LocalStorage]> {
  await mkdir(folder.join("one"));
  await writeFile(folder.join("one/f"), "content");
  return [
    await LocalStorage.open(folder.join("one"), { make: true }),
    await LocalStorage.open(folder.join("two"), { make: true }),
  ];
}

describe("uploadKey()", () => {
  test("is the same for the same, and another where anything differs", async () => {
    using folder = new TemporaryFolder();
    const [one, two] = await ground(folder);
    const key = uploadKey(SECRET, ADDRESS, ["a", "b"], one, ["f"]);
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(uploadKey(SECRET, { ...ADDRESS }, ["a", "b"], one, ["f"])).toBe(key);
    const others = [
      uploadKey(Buffer.alloc(32, 2), ADDRESS, ["a", "b"], one, ["f"]),
      uploadKey(SECRET, { ...ADDRESS, port: 12001 }, ["a", "b"], one, ["f"]),
      uploadKey(SECRET, { ...ADDRESS, host: "127.0.0.2" }, ["a", "b"], one, ["f"]),
      uploadKey(SECRET, ADDRESS, ["ab"], one, ["f"]),
      uploadKey(SECRET, ADDRESS, ["a", "b"], two, ["f"]),
      uploadKey(SECRET, ADDRESS, ["a", "b"], one, ["g"]),
    ];
    expect(new Set([key, ...others]).size).toBe(1 + others.length);
    for (const storage of [one, two]) await storage.close();
  });
});

describe("downloadId()", () => {
  test("is the same for the same, and another where anything differs", async () => {
    using folder = new TemporaryFolder();
    const [one, two] = await ground(folder);
    const id = downloadId(ADDRESS, ["a"], one, ["b"]);
    expect(downloadId({ ...ADDRESS }, ["a"], one, ["b"])).toBe(id);
    const others = [
      downloadId({ ...ADDRESS, port: 1 }, ["a"], one, ["b"]),
      downloadId(ADDRESS, ["b"], one, ["b"]),
      downloadId(ADDRESS, ["a"], one, ["a"]),
      downloadId(ADDRESS, ["a"], two, ["b"]),
    ];
    expect(new Set([id, ...others]).size).toBe(1 + others.length);
    for (const storage of [one, two]) await storage.close();
  });
});

describe("uploadSecret()", () => {
  test("is made once, for its owner alone, however many ask at once", async () => {
    using folder = new TemporaryFolder();
    const place = folder.join("state", "sftp");
    const made = await Promise.all(Array.from({ length: 20 }, () => uploadSecret(place)));
    const [first = new Uint8Array()] = made;
    expect(first).toHaveLength(32);
    for (const secret of [...made, await uploadSecret(place)]) expect(secret).toEqual(first);
    expect(await readdir(place)).toEqual(["upload-secret"]);
    expect((await stat(`${place}/upload-secret`)).mode & 0o777).toBe(0o600);
  });

  test("lasts as long as the program where it cannot be kept", async () => {
    using folder = new TemporaryFolder();
    await writeFile(folder.join("file"), "");
    expect(await uploadSecret(folder.join("file", "sftp"))).toHaveLength(32);
  });

  test("one that others can read is refused, with what to do", async () => {
    using folder = new TemporaryFolder();
    const first = await uploadSecret(folder.path);
    const file = folder.join("upload-secret");
    await chmod(file, 0o640);
    await expect(uploadSecret(folder.path)).rejects.toThrow(`run chmod 600 ${file}`);
    await chmod(file, 0o600);
    expect(await uploadSecret(folder.path)).toEqual(first);
  });
});
