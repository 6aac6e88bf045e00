import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { write } from "./files.ts";
import { Random } from "./random.ts";
import { setTime } from "./trees.ts";
import { BLOCK_SIZE } from "./wire.ts";

/** Names that can be created, and that a shell, a protocol or a program may take for others. */
export const AWKWARD_NAMES = [
  "two words",
  " leads with a blank",
  "it's",
  'the "best"',
  "100%",
  "%2e%2e",
  "%41",
  "a;b",
  "#1",
  "-r",
  "--delete",
  "-",
  "--",
  "@echo",
  "!x",
  "~",
  "~root",
  "$HOME",
  "`id`",
  "a&b|c>d<e",
  "*",
  "?",
  "[a]",
  "{a,b}",
  "..a.b",
  "..a",
  ".hidden",
  "+5 0123456789abcdef",
  "END",
  "=",
  "a=b",
  ",",
  "é",
  "日本語",
  "😀",
  "👩‍👩‍👧",
  "שלום",
  "x".repeat(255),
  `${"é".repeat(127)}x`,
] as const;

const SIZES = [0, 1, 4096, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * 1024 * 1024 + 7];

/** Makes a tree of so many files with awkward names, empty folders among them, from a seed. */
export function writeAwkwardTree(folder: string, files: number, seed: number): void {
  const random = new Random(seed);
  const pick = (): string => AWKWARD_NAMES[random.below(AWKWARD_NAMES.length)] ?? "x";
  const noise = randomBytes(8 * 1024 * 1024);
  const folders = AWKWARD_NAMES.map((name) => join(folder, name));
  folders.push(join(folder, ...Array.from({ length: 60 }, (_, depth) => `deep ${depth}`)));
  folders.push(join(folder, "long", "😀".repeat(60), "#".repeat(200), "%".repeat(200)));
  for (const [index, name] of AWKWARD_NAMES.entries()) {
    mkdirSync(join(folder, `${index} empty`, name), { recursive: true });
  }
  for (let index = 0; index < files; index++) {
    const parent = folders[index % folders.length] ?? folder;
    const name =
      index < folders.length * AWKWARD_NAMES.length && parent.length < 800
        ? AWKWARD_NAMES[Math.floor(index / folders.length)]
        : undefined;
    const path = join(parent, "files", name ?? `${index} ${pick().slice(0, 40)}.x`);
    // Most are small, as in life; the sizes at a block's edge come again and again.
    const size = index % 200 < SIZES.length ? SIZES[index % 200] : random.below(2000);
    const from = random.below(noise.length - 4 * 1024 * 1024);
    write(path, noise.subarray(from, from + (size ?? 0)));
    if (random.below(4) === 0) chmodSync(path, 0o755);
    setTime(path, 1_000_000_000_000 + random.below(2 ** 31) * 300 + index);
  }
}
