import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { inFolder, readFiles, storeFiles } from "../../src/storage/local/small/calls.ts";
import { packNew } from "../../src/storage/local/small/jobs.ts";
import { TemporaryFolder } from "../support/programs.ts";

const IS_LINUX = process.platform === "linux";

test("of a root that cannot be asked nothing is read or stored, and nothing is thrown", () => {
  using folder = new TemporaryFolder();
  const places = { root: folder.join("none"), folders: [{ parents: [], count: 1 }], names: "f" };
  expect(readFiles({ kind: "read", ...places }).bytes).toEqual(new Uint8Array(0));
  const files = packNew([{ size: 0, attributes: {}, replace: false }]);
  const bytes = new Uint8Array(0);
  const what = { staging: folder.path, files, bytes };
  expect(storeFiles({ kind: "store", ...places, ...what }).stored).toEqual([undefined]);
});

test.skipIf(!IS_LINUX)("a deep folder takes no more descriptors than another", () => {
  using folder = new TemporaryFolder();
  const deep = Array.from({ length: 100 }, () => "d");
  mkdirSync(folder.join(deep.join("/")), { recursive: true });
  writeFileSync(folder.join(...deep, "f"), "x");
  const descriptors = (): number => readdirSync("/proc/self/fd").length;
  const before = descriptors();
  const during: number[] = [];
  inFolder(folder.path, deep, (at) => {
    expect(readdirSync(at)).toEqual(["f"]);
    during.push(descriptors());
  });
  expect(during).toEqual([before + 1]);
  expect(descriptors()).toBe(before);
});
