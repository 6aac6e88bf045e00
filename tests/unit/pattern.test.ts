import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { compilePattern, isPattern } from "../../src/shell/pattern.ts";

/** Whether a pattern matches a path, typed with slashes, behind its base. */
function matches(pattern: string, path: string): boolean {
  return compilePattern(pattern).matches(path.split("/"));
}

describe("compilePattern()", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["*", ["a", "a b", "é", "-r", "{a}", "a;b"], [".a", "a/b"]],
    ["*.csv", ["a.csv", "a.b.csv"], ["a.csvx", ".csv", ".a.csv", "b/a.csv", "a.CSV"]],
    ["?", ["a", "é", "😀"], ["", "ab", ".", "/"]],
    ["[a-c]x", ["ax", "bx", "cx"], ["dx", "x", "Ax"]],
    ["[!a]", ["b", "!", "😀"], ["a", ".", "bb"]],
    ["[^a]", ["b"], ["a"]],
    ["[]a]", ["]", "a"], ["b"]],
    [".*", [".a", ".config"], ["a", "a.b"]],
    [".?x", [".ax"], ["aax"]],
    ["*/x.txt", ["a/x.txt"], ["x.txt", "a/b/x.txt", ".a/x.txt"]],
    ["*/.x*", ["a/.x", "a/.xy"], [".a/.x", "a/x"]],
    [".*/x*", [".a/x"], [".a/.x", "a/x"]],
    ["**/x", ["x", "a/x", "a/b/x"], [".a/x", "a/.b/x", "xx", "a/xx"]],
    ["**", ["a", "a/b", "a/b/c"], [".a", "a/.b", ".a/b"]],
    ["**/*.gz", ["a.gz", "a/b/c.gz"], ["a/b/c.gzip", "a/.gz"]],
    ["**/**", ["a", "a/b"], [".a"]],
    ["*/**", ["a/b", "a/b/c"], ["a", "a/.b"]],
    ["**/b/**", ["b/c", "a/b/c", "b/b/b"], ["b", "a/c"]],
    ["a**b*", ["ab", "axxb", "axb1"], ["a/b", "x"]],
    ["{a,b}*", ["{a,b}", "{a,b}1"], ["a", "b"]],
    ["!a*", ["!a", "!ab"], ["a", "b"]],
    ["*[", ["a["], ["a"]],
  ])("%s matches what sh would", (pattern, yes, no) => {
    for (const path of yes) expect([path, matches(pattern, path)]).toEqual([path, true]);
    for (const path of no) expect([path, matches(pattern, path)]).toEqual([path, false]);
  });

  test.each<[string, string]>([
    ["*.csv", ""],
    ["a/*.csv", "a"],
    ["a/b/*/c", "a/b"],
    ["/*", "/"],
    ["/a/*", "/a"],
    ["./*", "."],
    ["../*", ".."],
    ["~/*.pdf", "~"],
    ["a b/?", "a b"],
  ])("looks for %s in %j", (pattern, base) => {
    expect(compilePattern(pattern).base).toBe(base);
  });

  const name = fc.string({
    unit: fc.constantFrom("a", "b", ".", "-", "é", "😀", "\n", " ", "{", "!", "\\"),
    minLength: 1,
    maxLength: 6,
  });
  const path = fc.array(name, { minLength: 1, maxLength: 5 });
  const piece = fc.constantFrom("a", "b", ".", "*", "?", "**", "[ab]", "[!a]", "é", "{", "!", "😀");
  const part = fc
    .array(piece, { minLength: 1, maxLength: 5 })
    .map((pieces) => pieces.join("").replace(/\*{3,}/g, "**"))
    // That one stays where it is.
    .filter((text) => text !== ".");

  test("says the same as a plain reading of the rules", () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), path, (parts, names) => {
        fc.pre(parts.some((text) => /[*?[]/.test(text)));
        const pattern = ["*", ...parts].join("/");
        expect(compilePattern(pattern).matches(names)).toBe(byTheRules(["*", ...parts], names));
      }),
      { numRuns: 3000 },
    );
  });

  test("answers at once, however many wildcards there are", () => {
    const many = compilePattern(`${"**/".repeat(200)}x`);
    const stars = compilePattern(`${"*a".repeat(100)}b`);
    const began = performance.now();
    expect(many.matches(Array.from({ length: 400 }, () => "a"))).toBe(false);
    expect(stars.matches(["a".repeat(20_000)])).toBe(false);
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

/** The rules, read one character after the other. Slow, and easy to see through. */
function byTheRules(parts: readonly string[], names: readonly string[]): boolean {
  const [part, ...others] = parts;
  const [first, ...rest] = names;
  if (part === undefined) return first === undefined;
  if (part === "**") {
    if (others.length > 0 && byTheRules(others, names)) return true;
    if (first === undefined || first.startsWith(".")) return false;
    return byTheRules(parts, rest) || (others.length === 0 && rest.length === 0);
  }
  if (first === undefined || (first.startsWith(".") && !part.startsWith("."))) return false;
  return nameByTheRules(Array.from(part), Array.from(first)) && byTheRules(others, rest);
}

function nameByTheRules(pattern: readonly string[], name: readonly string[]): boolean {
  const [sign, ...others] = pattern;
  const [letter, ...rest] = name;
  if (sign === undefined) return letter === undefined;
  if (sign === "*") {
    return nameByTheRules(others, name) || (letter !== undefined && nameByTheRules(pattern, rest));
  }
  if (letter === undefined) return false;
  if (sign === "[") {
    const end = others.indexOf("]");
    const letters = others.slice(0, end);
    const isIn = letters[0] === "!" ? !letters.includes(letter, 1) : letters.includes(letter);
    return isIn && nameByTheRules(others.slice(end + 1), rest);
  }
  return (sign === "?" || sign === letter) && nameByTheRules(others, rest);
}

describe("isPattern()", () => {
  test.each(["*", "a?", "[a]", "a/*/b"])("%s is one, and not in quotes", (text) => {
    expect(isPattern({ text, quoted: false })).toBe(true);
    expect(isPattern({ text, quoted: true })).toBe(false);
  });

  test.each(["a", "{a,b}", "a]", "~", "!", ""])("%s is none", (text) => {
    expect(isPattern({ text, quoted: false })).toBe(false);
  });
});
