import { expect, test } from "bun:test";
import { notices } from "../../scripts/release/notices.ts";
import { write } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";

const RULE = `\n${"-".repeat(80)}\n\n`;

/** What is told of packages with these files; the licence field is the first. */
function told(
  packages: Record<string, [(string | undefined)?, Record<string, string>?]>,
): string[] {
  using folder = new TemporaryFolder();
  const dependencies = Object.fromEntries(Object.keys(packages).map((name) => [name, "*"]));
  write(folder.join("package.json"), JSON.stringify({ dependencies }));
  for (const [name, [license, files = {}]] of Object.entries(packages)) {
    const at = folder.join(`node_modules/${name}`);
    write(`${at}/package.json`, JSON.stringify({ version: "1", license }));
    for (const [file, text] of Object.entries(files)) write(`${at}/${file}`, text);
  }
  return notices(folder.path).split(RULE).slice(1);
}

test("a licence without its text points to the text that another package has", () => {
  expect(told({ a: ["Apache-2.0"], b: ["Apache-2.0", { LICENSE: "the text" }] })).toEqual([
    "b 1\n\nthe text\n",
    "a 1\n\nLicence: Apache-2.0; its text is above under b 1\n",
  ]);
});

test("one that names who wrote it does not point to that of others", () => {
  expect(told({ a: ["MIT"], b: ["MIT", { "LICENSE.md": "Copyright B" }] })).toEqual([
    "b 1\n\nCopyright B\n",
    "a 1\n\nLicence: MIT\n",
  ]);
});

test("a notice is told beside the licence", () => {
  const files = { LICENSE: "the text", NOTICE: "by somebody\n" };
  expect(told({ a: ["Apache-2.0", files], b: ["Apache-2.0", { "notice.txt": "by B" }] })).toEqual([
    "a 1\n\nthe text\n\nby somebody\n",
    "b 1\n\nLicence: Apache-2.0; its text is above under a 1\n\nby B\n",
  ]);
});

test("a package without a licence is an error, and one with its text alone is none", () => {
  expect(() => told({ a: [] })).toThrow("a 1 names no licence and has no text of one");
  expect(told({ a: [undefined, { COPYING: "the text" }] })).toEqual(["a 1\n\nthe text\n"]);
});

test("all that is in the program says what it is licensed under", () => {
  const parts = notices().split(RULE);
  for (const part of parts.slice(1)) expect(part).not.toMatch(/\nLicence: [^;]*\n$/);
});
