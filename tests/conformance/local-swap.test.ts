import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Storage } from "../../src/storage/storage.ts";
import { Swapper } from "../support/swapper.ts";
import { entriesOf, load, problemOf, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

const CANARY = "nobody reads this";
const TRANSFERS = 10_000;
const AT_ONCE = 8;

/** Everything that could reach through the link, one transfer of each kind. */
async function transfer(storage: Storage, turn: number): Promise<string> {
  switch (turn % 6) {
    case 0:
      return problemOf(() => store(storage, ["a", "b", `new${turn % 100}`], "new"));
    case 1:
      return problemOf(() => store(storage, ["a", "f"], "inside"));
    case 2:
      return problemOf(() => store(storage, ["a", `new${turn}`], "new", { absent: true }));
    case 3:
      return problemOf(async () => {
        for (const entry of await entriesOf(storage, ["a"], true)) {
          if (entry.path.at(-1) === "canary") throw new Error("it was listed");
        }
      });
    case 4:
      return problemOf(() => storage.delete(["a", "b", "canary"]));
    default:
      return problemOf(async () => {
        const content = (
          await load(storage, ["a", turn % 4 === 1 ? "f" : "b/f"].join("/").split("/"))
        ).toString();
        if (content !== "inside") throw new Error(`read: ${content}`);
      });
  }
}

function metBoth(outcomes: ReadonlyMap<string, number>): boolean {
  return (outcomes.get("done") ?? 0) >= 100 && (outcomes.get("not-a-file") ?? 0) >= 100;
}

describe("LocalStorage: a folder that is swapped for a link and back", () => {
  test(`nothing outside is read or written by ${TRANSFERS} transfers`, async () => {
    await using ground = await LocalGround.make();
    const { storage, outside, root } = ground;
    mkdirSync(join(outside, "b"));
    for (const file of ["f", "b/f", "canary", "b/canary"]) {
      await writeFile(join(outside, file), CANARY);
    }
    await store(storage, ["a", "f"], "inside");
    await store(storage, ["a", "b", "f"], "inside");
    await symlink("../outside", ground.at("link"));
    const outcomes = new Map<string, number>();
    {
      await using swapper = await Swapper.start(root);
      // Both states have to be met, or nothing is shown.
      for (let turn = 0; turn < TRANSFERS || !metBoth(outcomes); turn += AT_ONCE) {
        const batch = Array.from({ length: AT_ONCE }, (_, index) =>
          transfer(storage, turn + index),
        );
        for (const outcome of await Promise.all(batch)) {
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
      }
      expect(swapper.running).toBe(true);
    }
    const names = await readdir(outside, { recursive: true });
    expect(names.toSorted()).toEqual(["b", "b/canary", "b/f", "canary", "f"]);
    for (const file of ["f", "b/f", "canary", "b/canary"]) {
      expect(await readFile(join(outside, file), "utf8")).toBe(CANARY);
    }
  }, 240_000);
});
