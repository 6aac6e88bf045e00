import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { COMMANDS } from "../../src/shell/commands.ts";
import { Completer } from "../../src/shell/complete/completer.ts";
import { completionOf, type Candidate } from "../../src/shell/complete/completion.ts";
import { WORDS } from "../../src/shell/complete/kinds.ts";
import { candidatesFrom } from "../../src/shell/complete/names.ts";
import { wordAtCursor } from "../../src/shell/complete/word.ts";
import { isPattern } from "../../src/shell/pattern.ts";
import { parseCommands } from "../../src/shell/parse.ts";
import { Search } from "../../src/shell/typing/search.ts";
import { looksLikeOption } from "../../src/shell/check-words.ts";

/** Names as they come, with everything that means something to the shell. */
const name = fc
  .string({ unit: fc.constantFrom(...`ab-@~#!;*?[]'"\\ é日😀{}$&|`), minLength: 1, maxLength: 8 })
  .filter((one) => !/^[-@]*$|^\.+$/.test(one));

/** A begin of a text, as somebody might have typed it: plain, or within one of the quotes. */
function typedBegin(text: string, length: number, quote: string): string {
  const begin = Array.from(text).slice(0, length).join("");
  if (quote === "'") return `'${begin.replaceAll("'", `'\\''`)}`;
  if (quote === '"') return `"${begin.replace(/["\\]/g, "\\$&")}`;
  return Array.from(begin, (c) => `\\${c}`).join("");
}

const quote = fc.constantFrom("", "'", '"');

describe("completionOf()", () => {
  test("the only name that fits is put in so that the shell reads that name", () => {
    fc.assert(
      fc.property(name, fc.nat(8), quote, (whole, length, how) => {
        const line = `GET ${typedBegin(whole, length, how)}`;
        const at = wordAtCursor(line);
        if (at === undefined) throw new Error(`${line} could not be read`);
        const { insert } = completionOf(at, [{ text: whole, folder: false }], "");
        const [command, ...more] = parseCommands(line + insert);
        expect(more).toEqual([]);
        expect(command?.words.map(({ text }) => text)).toEqual(["GET", whole]);
        const [, word] = command?.words ?? [];
        expect(word !== undefined && (isPattern(word) || looksLikeOption(word))).toBe(false);
        expect(insert.endsWith(" ")).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("a folder gets a slash, and what follows is typed in the same word", () => {
    fc.assert(
      fc.property(name, name, fc.nat(8), quote, (folder, file, length, how) => {
        const line = `GET ${typedBegin(folder, length, how)}`;
        const at = wordAtCursor(line);
        if (at === undefined) throw new Error(`${line} could not be read`);
        const inFolder = line + completionOf(at, [{ text: folder, folder: true }], "").insert;
        expect(inFolder.endsWith("/")).toBe(true);
        const next = wordAtCursor(inFolder);
        if (next === undefined) throw new Error(`${inFolder} could not be read`);
        const text = `${folder}/${file}`;
        const all = inFolder + completionOf(next, [{ text, folder: false }], "").insert;
        expect(parseCommands(all)[0]?.words[1]?.text).toBe(text);
      }),
      { numRuns: 1000 },
    );
  });

  test("of several as much is put in as all have, and what can be chosen has the rest", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 5 }), quote, (names, how) => {
        const line = `GET ${how}`;
        const at = wordAtCursor(line);
        if (at === undefined) throw new Error(`${line} could not be read`);
        const candidates = names.map((text): Candidate => ({ text, folder: false }));
        const { insert, choices } = completionOf(at, candidates, "");
        if (insert === "") {
          expect(choices.toSorted()).toEqual(names.toSorted());
          return;
        }
        const begun = parseCommands(line + insert + how)[0]?.words[1]?.text ?? "";
        expect(names.every((one) => one.startsWith(begun))).toBe(true);
      }),
    );
  });

  test("behind a ! it is sh that reads that name", () => {
    fc.assert(
      fc.property(name, fc.nat(8), quote, (whole, length, how) => {
        // What opens a quote of this kind, typed as sh wants it.
        const begun = typedBegin(whole, length, how).replace(/[$`]/g, how === '"' ? "\\$&" : "$&");
        const at = wordAtCursor(`!printf %s ${begun}`);
        // A backslash in double quotes that stands for itself to this program.
        if (at === undefined || !whole.startsWith(at.word.text)) return;
        const { insert } = completionOf(at, [{ text: whole, folder: false }], "");
        const ran = Bun.spawnSync(["sh", "-c", `printf %s ${begun}${insert}`]);
        // What begins like an option is named by its folder.
        const isOption = whole.startsWith("-") && insert.startsWith("./");
        expect(ran.stdout.toString()).toBe(isOption ? `./${whole}` : whole);
      }),
      { numRuns: 200 },
    );
  });

  test("a name that begins like an option is put in as a name", () => {
    const at = wordAtCursor("RM ");
    if (at === undefined) throw new Error("It could not be read");
    expect(completionOf(at, [{ text: "-rf", folder: false }], "").insert).toBe("\\-rf ");
  });

  test("within a line nothing is put in front of what stands behind the cursor", () => {
    const at = wordAtCursor("GET 'my");
    if (at === undefined) throw new Error("It could not be read");
    const only = [{ text: "my file", folder: false }];
    expect(completionOf(at, only, "").insert).toBe(" file' ");
    expect(completionOf(at, only, " b").insert).toBe(" file'");
    expect(completionOf(at, only, "le'").insert).toBe(" file");
  });
});

describe("wordAtCursor()", () => {
  test("never fails, whatever stands there", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
        wordAtCursor(text);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["# LS a", undefined],
    ["!ls a", ["ls"]],
    ["!", []],
    ["! wc -l 'a b' | sort -", ["sort"]],
    ["-!cat 'a | b' >o", ["cat", "a | b"]],
    ["!(cd a&&ls ", ["ls"]],
    ["LS a\\", undefined],
    ['LS "a\\', undefined],
    ["LS a; G", []],
    ["-@G", []],
    ["LS ", ["LS"]],
    ["LS 'a b' c", ["LS", "a b"]],
  ])("%j", (text, before) => {
    expect(wordAtCursor(text)?.before.map((word) => word.text)).toEqual(before);
  });
});

describe("Completer", () => {
  const completer = new Completer({
    places: () => {
      throw new Error("Nothing is to be looked up");
    },
    servers: ["work", "home"],
    onSilent: () => undefined,
  });

  test.each([
    ["ge", "t "],
    ["GE", "T "],
    ["LS; op", "en "],
    ["reN", ""],
    ["RENA", "ME "],
    ["OPEN w", "ork "],
    ["OPEN work ", ""],
    ["HELP mir", "ror "],
    ["GET --rec", "ursive "],
    ["GET --recursive --re", ""],
    ["GET -rv", " "],
    ["GET *.t", ""],
    ["nothing a", ""],
    ["'ge", ""],
  ])("%j goes on with %j", async (typed, insert) => {
    expect((await completer.complete(typed, "")).insert).toBe(insert);
  });

  test("shows what there is to choose from", async () => {
    expect((await completer.complete("m", "")).choices).toContain("mirror");
    expect((await completer.complete("LS -", "")).choices).toEqual([
      "--long",
      "--recursive",
      "-l",
      "-r",
    ]);
  });
});

test("each command that takes names has them completed, and none that does not exist", () => {
  const without = new Set(["STATUS", "CLOSE", "QUIT", "PWD", "LPWD", "CDUP", "!"]);
  const names = COMMANDS.map((command) => command.name).filter((one) => !without.has(one));
  expect(Object.keys(WORDS).toSorted()).toEqual(names.toSorted());
});

test("names that a terminal would obey, or that are no text, are not offered", () => {
  const names = ["a\u001b]0;x\u0007", "b\u202e", "c\nd", "e\ufffd", "f", ".g"];
  const all = names.map((one) => ({ name: one, folder: false }));
  expect(candidatesFrom("", all).map(({ text }) => text)).toEqual(["f"]);
  expect(candidatesFrom(".", all).map(({ text }) => text)).toEqual(["f", ".g"]);
});

describe("Search", () => {
  test("goes from the newest line that fits to older ones, and never to the same twice in a row", () => {
    const search = new Search(["get b", "ls", "GET a", "get b", "put a"]);
    for (const letter of "get") search.add(letter);
    expect(search.found).toBe("get b");
    search.older();
    expect(search.found).toBe("GET a");
    search.older();
    expect(search.found).toBe("get b");
    search.older();
    expect(search.found).toBe("get b");
    search.add("x");
    expect(search.found).toBeUndefined();
    for (const _ of "getx") search.takeBack();
    expect(search.wanted).toBe("");
  });
});
