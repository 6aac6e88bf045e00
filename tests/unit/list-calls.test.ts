import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import {
  EXECUTABLE,
  FILE,
  FOLDER,
  MOST_LISTED,
  UNUSUAL,
  VERY_MANY,
} from "../../src/storage/local/small/jobs.ts";
import { listFolders } from "../../src/storage/local/small/list-calls.ts";
import { TemporaryFolder } from "../support/programs.ts";

const IS_LINUX = process.platform === "linux";

function list(root: string, ...tasks: { path: string[]; names?: string }[]) {
  return listFolders({ kind: "list", root, tasks });
}

function fill(folder: string, count: number, name = "f"): void {
  mkdirSync(folder);
  for (let index = 0; index < count; index++) writeFileSync(`${folder}/${name}${index}`, "");
}

test.skipIf(!IS_LINUX)("entries are told with what they are, and links are left to others", () => {
  using folder = new TemporaryFolder();
  mkdirSync(folder.join("d/e"), { recursive: true });
  writeFileSync(folder.join("d/file"), "123");
  utimesSync(folder.join("d/file"), 1_700_000_000, 1_700_000_000);
  writeFileSync(folder.join("d/run"), "x");
  chmodSync(folder.join("d/run"), 0o755);
  writeFileSync(folder.join("d/\u00e9"), "12");
  symlinkSync("file", folder.join("d/link"));
  const { outcomes, names, kinds, sizes, mtimes } = list(folder.path, { path: ["d"] });
  expect(outcomes).toEqual([5]);
  const found = new Map(
    names
      .split("/")
      .slice(0, -1)
      .map((name, index) => [Buffer.from(name, "latin1").toString(), index]),
  );
  const of = <T>(name: string, column: ArrayLike<T>) => column[found.get(name) ?? -1];
  expect([...found.keys()].toSorted()).toEqual(["e", "file", "link", "run", "\u00e9"]);
  expect(["e", "file", "link", "run", "\u00e9"].map((name) => of(name, kinds))).toEqual([
    FOLDER,
    FILE,
    UNUSUAL,
    EXECUTABLE,
    FILE,
  ]);
  expect(of("file", sizes)).toBe(3);
  expect(of("\u00e9", sizes)).toBe(2);
  expect(of("file", mtimes)).toBe(1_700_000_000_000);
});

test.skipIf(!IS_LINUX)(
  "no link on the way is followed, and what is missing is left to others",
  () => {
    using folder = new TemporaryFolder();
    fill(folder.join("d"), 3);
    mkdirSync(folder.join("d/in"));
    symlinkSync("d", folder.join("link"));
    symlinkSync("in", folder.join("d/inner"));
    const wanted = [["link"], ["link", "in"], ["d", "inner"], ["none"], ["d", "f0"], ["d"]];
    const { outcomes, names } = list(folder.path, ...wanted.map((path) => ({ path })));
    const nothing = undefined;
    expect(outcomes).toEqual([nothing, nothing, nothing, nothing, nothing, 5]);
    expect(names.split("/")).toHaveLength(6);
  },
);

test.skipIf(!IS_LINUX)(
  "certain names are looked at, and one that vanished is left to others",
  () => {
    using folder = new TemporaryFolder();
    fill(folder.join("d"), 3);
    const { outcomes, names, kinds } = list(folder.path, { path: ["d"], names: "f2/gone/f0/" });
    expect({ outcomes, names }).toEqual({ outcomes: [3], names: "f2/gone/f0/" });
    expect([...kinds]).toEqual([FILE, UNUSUAL, FILE]);
  },
);

test.skipIf(!IS_LINUX)("a job is bounded, and a folder with many entries is one by itself", () => {
  using folder = new TemporaryFolder();
  fill(folder.join("small"), MOST_LISTED - 1);
  fill(folder.join("more"), 2);
  fill(folder.join("many"), MOST_LISTED + 1);
  fill(folder.join("most"), 14_000, "a name of some length ");
  const paths = (...names: string[]) => names.map((name) => ({ path: [name] }));
  expect(list(folder.path, ...paths("small", "more", "small")).outcomes).toEqual([
    MOST_LISTED - 1,
    2,
  ]);
  const { outcomes, names } = list(folder.path, ...paths("more", "many", "small"));
  expect(outcomes.map((outcome) => typeof outcome)).toEqual(["number", "string"]);
  expect(String(outcomes[1]).split("/")).toHaveLength(MOST_LISTED + 2);
  expect(names.split("/")).toHaveLength(3);
  expect(list(folder.path, ...paths("most", "more")).outcomes).toEqual([VERY_MANY, 2]);
});
