import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const SRC = join(import.meta.dir, "../../src");
/** Imports that are there from the start, and not only as types. */
const STATIC = /^(?:import|export)\s(?!type\b)[^;"]*?from "(\.[^"]+)";|^import "(\.[^"]+)";/gm;

/** Every file that is loaded with this one, whatever is done then. */
function loadedWith(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file) || !file.endsWith(".ts")) return found;
  found.add(file);
  for (const [, from, alone] of readFileSync(file, "utf8").matchAll(STATIC)) {
    loadedWith(join(dirname(file), from ?? alone ?? ""), found);
  }
  return found;
}

test("nothing for a person at a terminal is loaded before there is one", () => {
  const loaded = [...loadedWith(join(SRC, "cli/program.ts"))].map((file) =>
    file.slice(SRC.length + 1),
  );
  expect(loaded).toContain("shell/shell.ts");
  expect(loaded.length).toBeGreaterThan(100);
  const late = /^shell\/(?:terminal|history|complete\/.*|typing\/.*)|^cli\/completion-scripts/;
  expect(loaded.filter((file) => late.test(file))).toEqual([]);
  const later = [...loadedWith(join(SRC, "shell/terminal.ts"))];
  expect(later.filter((file) => late.test(file.slice(SRC.length + 1))).length).toBeGreaterThan(8);
});

test("nothing but its line is loaded for the version", () => {
  const loaded = [...loadedWith(join(SRC, "main.ts"))].map((file) => file.slice(SRC.length + 1));
  expect(loaded).toEqual(["main.ts", "cli/version.ts"]);
});

test("nothing of an object store is loaded before a root lies in one", () => {
  const loaded = [...loadedWith(join(SRC, "cli/program.ts"))].map((file) =>
    file.slice(SRC.length + 1),
  );
  const ofStore = loaded.filter((file) => file.startsWith("storage/s3/"));
  expect(ofStore).toEqual(["storage/s3/location.ts"]);
  expect(loadedWith(join(SRC, "storage/s3/s3.ts")).size).toBeGreaterThan(20);
});
