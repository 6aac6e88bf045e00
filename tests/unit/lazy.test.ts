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

test("nothing of a server is loaded for a client", () => {
  const loaded = [...loadedWith(join(SRC, "cli/program.ts"))].map((file) =>
    file.slice(SRC.length + 1),
  );
  const server = /^(?:server\/|cli\/(?:serve|user|protection|announce)\.ts)/;
  expect(loaded.filter((file) => server.test(file))).toEqual([]);
  expect(loadedWith(join(SRC, "cli/serve.ts")).size).toBeGreaterThan(100);
});

// What each takes to load, in ms of processor time: crypto 3.4, zlib 5, net 2.5, tty 4, util 1.1,
// bun:sqlite 0.3. The runtime's own Bun.CryptoHasher, Bun.zstdCompressSync and the like take none.
test("no module of the runtime that takes a millisecond is loaded with the program", () => {
  const slow = /from "(?:node:(?:crypto|zlib|net|tls|util|tty|stream|readline)|bun:sqlite)";/;
  const users = [...loadedWith(join(SRC, "cli/program.ts"))].filter((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .some((line) => slow.test(line) && !line.startsWith("import type")),
  );
  expect(users).toEqual([]);
});

// A start takes 0.015 ms more for each KiB of minified program that it loads.
test("what a GET of one file in the clear does without is loaded by those who need it", () => {
  const loaded = [...loadedWith(join(SRC, "cli/program.ts"))].map((file) =>
    file.slice(SRC.length + 1),
  );
  const late =
    /^client\/login|^security\/scram|^cli\/(?:prompt|help)\.ts|^transport\/tls-|^shell\/many\/mirror-/;
  expect(loaded.filter((file) => late.test(file))).toEqual([]);
});

test("the runtime's streams are named where there is a terminal alone, since they take 10 ms", () => {
  const named = [...loadedWith(join(SRC, "cli/program.ts"))]
    .filter((file) => /\bprocess\.std(?:out|err)\b/.test(readFileSync(file, "utf8")))
    .map((file) => file.slice(SRC.length + 1));
  expect(named.toSorted()).toEqual(["cli/outlet.ts", "platform/terminal.ts"]);
});
