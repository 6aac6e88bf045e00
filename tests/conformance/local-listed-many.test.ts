import { expect, test } from "bun:test";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { STAGING } from "../../src/storage/names.ts";
import { fileWorker } from "../../src/storage/local/small/file-worker.ts";
import { entriesOf } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

/** So many are listed by the thread, in several jobs. */
const FOLDERS = 80;
const FILES = 40;
/** More than a job looks at. */
const MANY = 2500;

function plant(ground: LocalGround): void {
  for (let folder = 0; folder < FOLDERS; folder++) {
    mkdirSync(ground.at(`d${folder}`, "deep"), { recursive: true });
    for (let file = 0; file < FILES; file++)
      writeFileSync(ground.at(`d${folder}`, `f${file}`), "x");
    writeFileSync(ground.at(`d${folder}`, "deep", "\u00e9"), "12345");
  }
  mkdirSync(ground.at("many"));
  for (let file = 0; file < MANY; file++) writeFileSync(ground.at("many", `f${file}`), "");
}

test("a large tree is listed whole, once, parents first, and as stat tells it", async () => {
  await using ground = await LocalGround.make();
  plant(ground);
  const entries = await entriesOf(ground.storage, [], true);
  expect(fileWorker.isRunning).toBe(true);
  const names = entries.map(({ path }) => path.join("/"));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBe(FOLDERS * (FILES + 3) + MANY + 1);
  const places = new Map(names.map((name, place) => [name, place]));
  for (const [place, { path }] of entries.entries()) {
    const parent = path.slice(0, -1).join("/");
    if (parent !== "") expect(places.get(parent)).toBeLessThan(place);
  }
  for (const { path, ...item } of entries.filter((_, place) => place % 97 === 0)) {
    expect<unknown>(item).toEqual(await ground.storage.stat(path));
  }
});

test("what is unusual among very many is told as it is among few", async () => {
  await using ground = await LocalGround.make();
  plant(ground);
  writeFileSync(`${ground.outside}/secret`, "secret");
  symlinkSync("../outside", ground.at("way"));
  symlinkSync("../../outside/secret", ground.at("d7", "link"));
  mkdirSync(ground.at("d8", STAGING));
  mkdirSync(ground.at("d8", `${STAGING.toUpperCase()}.`));
  writeFileSync(Buffer.from(`${ground.at("d9")}/bad\xff`, "latin1"), "");
  const entries = await entriesOf(ground.storage, [], true);
  const odd = entries.filter(({ type }) => type === "refused");
  expect(odd.map(({ path }) => path.join("/")).toSorted()).toEqual([
    `d7/link`,
    `d8/${STAGING.toUpperCase()}.`,
    "d9/bad\ufffd",
    "way",
  ]);
  expect(entries.some(({ path }) => path.at(-1) === "secret")).toBe(false);
  expect(entries.length).toBe(FOLDERS * (FILES + 3) + MANY + 1 + odd.length);
});

test("a folder among many that becomes a link while they are listed is not gone into", async () => {
  await using ground = await LocalGround.make();
  plant(ground);
  writeFileSync(`${ground.outside}/secret`, "secret");
  const seen: string[] = [];
  for await (const some of ground.storage.list([], { recursive: true })) {
    const isFirst = seen.length === 0;
    seen.push(...some.map(({ path }) => path.at(-1) ?? ""));
    for (let folder = 0; folder < (isFirst ? FOLDERS : 0); folder++) {
      renameSync(ground.at(`d${folder}`), `${ground.outside}/was-${folder}`);
      symlinkSync("../outside", ground.at(`d${folder}`));
    }
  }
  expect(seen.length).toBeGreaterThan(FOLDERS);
  expect(seen).not.toContain("secret");
});
