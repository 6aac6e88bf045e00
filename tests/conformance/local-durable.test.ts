import { expect, spyOn, test } from "bun:test";
import { open } from "node:fs/promises";
import { LocalStorage } from "../../src/storage/local/local.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { store } from "./ground.ts";

/** How often something is synced to the disk while a file is stored, in two new folders. */
async function syncs(durable: boolean): Promise<number> {
  using folder = new TemporaryFolder();
  const storage = await LocalStorage.open(folder.join("root"), { make: true, durable });
  const handle = await open(folder.path);
  const sync = spyOn(Object.getPrototypeOf(handle), "sync");
  try {
    await store(storage, ["a", "b", "f"], "content");
    return sync.mock.calls.length;
  } finally {
    sync.mockRestore();
    await handle.close();
    await storage.close();
  }
}

test("LocalStorage syncs the file and each folder above it when it is durable", async () => {
  expect(await syncs(true)).toBe(4);
});

test("LocalStorage leaves it to the system when to write where it is not durable", async () => {
  expect(await syncs(false)).toBe(0);
});
