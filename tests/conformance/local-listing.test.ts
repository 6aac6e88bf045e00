import { describe, expect, test } from "bun:test";
import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { entriesOf, listed, load, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

const MANY = 100_000;
/** What a listing of that many may take at most, in bytes. */
const MEMORY = 48 * 1024 * 1024;
/** How many names one file gets. */
const LINKS = 10_000;
const MAX_DEPTH = 64;
/** More than are looked at before the first of them are told. */
const VANISHING = 3000;

/** Makes hard links, which takes less time than as many files. */
function makeMany(folder: string): void {
  for (let index = 0; index < MANY; index++) {
    const file = `${folder}/file-${index}`;
    if (index % LINKS === 0) writeFileSync(file, "");
    else linkSync(`${folder}/file-${index - (index % LINKS)}`, file);
  }
}

describe("LocalStorage: listings", () => {
  test(`${MANY} entries come one after the other, and complete`, async () => {
    await using ground = await LocalGround.make();
    mkdirSync(ground.at("many"));
    makeMany(ground.at("many"));
    const program = join(import.meta.dir, "list-many.ts");
    const child = Bun.spawn([process.execPath, program, ground.root], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const told: { readonly seen: number; readonly sum: number; readonly grown: number } =
      JSON.parse(await new Response(child.stdout).text());
    expect(told).toMatchObject({ seen: MANY, sum: (MANY * (MANY - 1)) / 2 });
    expect(told.grown).toBeLessThan(MEMORY);
  }, 240_000);

  test("what lies deeper than a listing goes is refused by name, and can be listed by itself", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    const deep = Array.from({ length: MAX_DEPTH + 6 }, (_, index) => `d${index}`);
    await store(storage, [...deep, "bottom"], "x");
    await store(storage, [...deep.slice(0, MAX_DEPTH), "last"], "x");
    await store(storage, ["top"], "x");
    const entries = await entriesOf(storage, [], true);
    const refused = entries.filter((entry) => entry.type === "refused");
    expect(refused).toEqual([
      {
        path: deep.slice(0, MAX_DEPTH + 1),
        type: "refused",
        reason: `more than ${MAX_DEPTH} folders deep`,
      },
    ]);
    const paths = entries.map(({ path }) => path.join("/"));
    expect(paths).toContain([...deep.slice(0, MAX_DEPTH), "last"].join("/"));
    expect(paths).toContain("top");
    expect(new Set(paths).size).toBe(paths.length);
    expect(await listed(storage, deep.slice(0, 10), true)).toContain(
      `file ${[...deep, "bottom"].join("/")}`,
    );
  });

  test("what nobody can ask for is refused by name: a path that is too long", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    const parent = Array.from({ length: 4 }, (_, index) => `${index}`.repeat(250));
    await store(storage, [...parent, "x".repeat(20)], "fits");
    mkdirSync(ground.at(...parent, "y".repeat(21)));
    writeFileSync(ground.at(...parent, "y".repeat(21), "z"), "hidden");
    expect((await entriesOf(storage, [], true)).slice(parent.length)).toEqual(
      expect.arrayContaining([
        {
          path: [...parent, "y".repeat(21)],
          type: "refused",
          reason: "its path is too long",
        },
      ]),
    );
    expect((await load(storage, [...parent, "x".repeat(20)])).toString()).toBe("fits");
    expect(await entriesOf(storage, [], true)).toHaveLength(parent.length + 2);
  });

  test("files that vanish meanwhile are left out, and what stays is all there", async () => {
    await using ground = await LocalGround.make();
    for (let index = 0; index < VANISHING; index++) writeFileSync(ground.at(`f${index}`), "x");
    const stays = new Set(["f3", "f77", `f${VANISHING - 1}`]);
    const seen: string[] = [];
    for await (const some of ground.storage.list([], { recursive: true })) {
      const isFirst = seen.length === 0;
      for (const entry of some) {
        expect(entry.type).toBe("file");
        seen.push(entry.path.join("/"));
      }
      if (!isFirst) continue;
      for (let index = 0; index < VANISHING; index++) {
        if (!stays.has(`f${index}`)) rmSync(ground.at(`f${index}`));
      }
    }
    expect(seen.length).toBeLessThan(VANISHING);
    expect(new Set(seen).size).toBe(seen.length);
    for (const name of stays) expect(seen).toContain(name);
  });

  test("a folder that vanishes before its turn is told, and the rest of the tree is listed", async () => {
    await using ground = await LocalGround.make();
    const { storage } = ground;
    for (const folder of ["a", "b", "c", "d"]) await store(storage, [folder, "f"], "x");
    const seen: string[] = [];
    for await (const some of storage.list([], { recursive: true })) {
      if (seen.length === 0) rmSync(ground.at("b"), { recursive: true });
      for (const entry of some) {
        seen.push(`${entry.type} ${entry.path.join("/")}`);
        if (entry.type === "refused") expect(entry.reason).toBe("it vanished");
      }
    }
    expect(seen.toSorted()).toEqual([
      "file a/f",
      "file c/f",
      "file d/f",
      "folder a",
      "folder b",
      "folder c",
      "folder d",
      "refused b",
    ]);
  });
});
