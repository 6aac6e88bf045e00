import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../src/shell/commands.ts";
import { foreignWord } from "../../src/shell/foreign.ts";

const README = readFileSync(join(import.meta.dir, "../../README.md"), "utf8");
const [, known = "", needless = ""] =
  /^Names from ftp and sftp work as well: (.*?)\. (.*) say that they are not needed/m.exec(
    README,
  ) ?? [];

function words(text: string): string[] {
  return Array.from(
    text.replaceAll(/\([^)]*\)/g, "").matchAll(/\b[A-Z]{2,}\b|\?/g),
    ([word]) => word,
  );
}

test("the README names every synonym, and the words of ftp that are not needed", () => {
  const synonyms = COMMANDS.flatMap((command) => command.synonyms);
  expect(words(known).toSorted()).toEqual([...synonyms, "MGET", "MPUT", "CDUP"].toSorted());
  expect(words(needless)).toHaveLength(6);
  for (const word of words(needless))
    expect(foreignWord(word)).toStartWith(`${word} is not needed`);
});
