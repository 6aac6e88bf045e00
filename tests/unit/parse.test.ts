import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { BadCommandLine, parseCommands, quoteWord } from "../../src/shell/parse.ts";

/** The words of each command, without what else is known of them. */
function wordsOf(text: string): string[][] {
  return parseCommands(text).map(({ words }) => words.map(({ text }) => text));
}

const NASTY = [
  "'",
  '"',
  "\\",
  " ",
  "\t",
  "\r",
  "\n",
  ";",
  "#",
  "-",
  "@",
  "~",
  "!",
  "*",
  "?",
  "$",
  "a",
  "é",
  "🙂",
  "\0",
  "\x1b",
];

/** Any text, lone surrogates included, rich in what the grammar knows. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...NASTY), maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
);

describe("parseCommands()", () => {
  test.each<[string, string[][]]>([
    ["get a b", [["get", "a", "b"]]],
    ["  get\ta  ", [["get", "a"]]],
    [
      "get a\r\nput b\r\n",
      [
        ["get", "a"],
        ["put", "b"],
      ],
    ],
    ["get a;put b ; quit", [["get", "a"], ["put", "b"], ["quit"]]],
    [";; \n\n ; ", []],
    ["", []],
    ["get 'a b'", [["get", "a b"]]],
    ['get "a b"', [["get", "a b"]]],
    ["get a' 'b\" \"c", [["get", "a b c"]]],
    ["get ''", [["get", ""]]],
    ['get "" x', [["get", "", "x"]]],
    ["get 'a;b\nc'", [["get", "a;b\nc"]]],
    ["get 'it'\\''s'", [["get", "it's"]]],
    ["get '\\'", [["get", "\\"]]],
    ["get '\"'", [["get", '"']]],
    ['get "\'"', [["get", "'"]]],
    ['get "a\\"b\\\\c\\d"', [["get", 'a"b\\c\\d']]],
    ["get a\\ b", [["get", "a b"]]],
    ["get a\\;b", [["get", "a;b"]]],
    ["get \\\\", [["get", "\\"]]],
    ["get \\'a", [["get", "'a"]]],
    ["get \\n", [["get", "n"]]],
    ["get a\\\nb", [["get", "ab"]]],
    ["get a \\\n b", [["get", "a", "b"]]],
    ["get a \\\r\n b", [["get", "a", "b"]]],
    ["get a\\\n", [["get", "a"]]],
    ['get "a\\\nb"', [["get", "ab"]]],
    ["get 'a\\\nb'", [["get", "a\\\nb"]]],
    ["get \\\r", [["get", "\r"]]],
    ["# a comment\nget a", [["get", "a"]]],
    ["  # a 'comment; get b\nget a", [["get", "a"]]],
    ["get a # b", [["get", "a", "#", "b"]]],
    [
      "get a; # b",
      [
        ["get", "a"],
        ["#", "b"],
      ],
    ],
    ["get a\n# b", [["get", "a"]]],
    ["get '\n# b'", [["get", "\n# b"]]],
    ["'#' a", [["#", "a"]]],
    ["get $HOME `id` a|b", [["get", "$HOME", "`id`", "a|b"]]],
  ])("splits %j", (text, expected) => {
    expect(wordsOf(text)).toEqual(expected);
  });

  test.each([
    "get 'a",
    'get "a',
    "'",
    '"',
    "get 'a\nget b",
    'get "a\\"',
    "get a'b",
    "get \\",
    "\\",
    "get a\\",
  ])("throws BadCommandLine for %j", (text) => {
    expect(() => parseCommands(text)).toThrow(BadCommandLine);
  });

  test.each<[string, boolean]>([
    ["a", false],
    ["-r", false],
    ["*", false],
    ["'a'", true],
    ['"-r"', true],
    ["a'*'", true],
    ["\\*", true],
    ["''", true],
    ["a\\\nb", false],
  ])("tells whether %j was quoted", (text, quoted) => {
    expect(parseCommands(`get ${text}`)[0]?.words[1]?.quoted).toBe(quoted);
  });

  test.each<[string, { forgiven: boolean; silent: boolean; first: string }]>([
    ["get a", { forgiven: false, silent: false, first: "get" }],
    ["-get a", { forgiven: true, silent: false, first: "get" }],
    ["- get a", { forgiven: true, silent: false, first: "get" }],
    ["@get a", { forgiven: false, silent: true, first: "get" }],
    ["-@get a", { forgiven: true, silent: true, first: "get" }],
    ["@ - get a", { forgiven: true, silent: true, first: "get" }],
    ["'-get' a", { forgiven: false, silent: false, first: "-get" }],
    ["\\@get a", { forgiven: false, silent: false, first: "@get" }],
    ["get -a", { forgiven: false, silent: false, first: "get" }],
  ])("reads what stands before a command in %j", (text, expected) => {
    const [command] = parseCommands(text);
    expect(command?.words).toHaveLength(2);
    expect({
      forgiven: command?.forgiven,
      silent: command?.silent,
      first: command?.words[0]?.text,
    }).toEqual(expected);
  });

  test.each<[string, string[][]]>([
    ["!ls -l", [["!", "ls -l"]]],
    ["! ls", [["!", " ls"]]],
    ["!echo 'a;b\" ; c # d \\", [["!", "echo 'a;b\" ; c # d \\"]]],
    [
      "get a; !b; c\nput d",
      [
        ["get", "a"],
        ["!", "b; c"],
        ["put", "d"],
      ],
    ],
    [
      "!a\r\n!b\r\n",
      [
        ["!", "a"],
        ["!", "b"],
      ],
    ],
    [
      "!a\\\nget b",
      [
        ["!", "a\\"],
        ["get", "b"],
      ],
    ],
    ["\\\n !a", [["!", "a"]]],
    ["!", [["!"]]],
    ["! \t\n!\r\n", [["!"], ["!"]]],
    ["!!", [["!", "!"]]],
    ["get !a", [["get", "!a"]]],
    ["get a\\\n!b", [["get", "a!b"]]],
    ["'!a' b", [["!a", "b"]]],
    ["\\!a", [["!a"]]],
    ["'!' 'a b'", [["!", "a b"]]],
    ["# !a\n!b", [["!", "b"]]],
    ["!# a", [["!", "# a"]]],
  ])("hands on the rest of the line behind a ! in %j", (text, expected) => {
    expect(wordsOf(text)).toEqual(expected);
  });

  test.each<[string, { forgiven: boolean; silent: boolean; source: string }]>([
    ["-!a 'b", { forgiven: true, silent: false, source: "-!a 'b" }],
    [" @ - ! a ", { forgiven: true, silent: true, source: "@ - ! a" }],
    ["!-a @b", { forgiven: false, silent: false, source: "!-a @b" }],
  ])("reads what stands before a ! in %j", (text, expected) => {
    expect(parseCommands(text)).toEqual([
      {
        ...expected,
        line: 0,
        words: [
          { text: "!", quoted: false },
          { text: expect.any(String), quoted: true },
        ],
      },
    ]);
  });

  test("gives what follows a ! back as it was typed, for any line among any commands", () => {
    const line = text
      .map((rest) => rest.replaceAll(/[\r\n]/g, ""))
      .filter((rest) => rest.trim() !== "");
    const command = fc.oneof(
      line.map((rest) => ({ typed: `!${rest}`, words: ["!", rest], whole: true })),
      fc.array(text, { minLength: 1, maxLength: 4 }).map((words) => ({
        typed: words.map(quoteWord).join(" "),
        words,
        whole: false,
      })),
    );
    fc.assert(
      fc.property(
        fc.array(command, { maxLength: 5 }),
        fc.constantFrom(";", "\r\n"),
        (commands, end) => {
          const typed = commands.map(({ typed, whole }) => typed + (whole ? "\n" : end)).join("");
          expect(wordsOf(typed)).toEqual(commands.map(({ words }) => words));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("gives no command for a prefix alone", () => {
    expect(parseCommands("-")).toEqual([]);
    expect(parseCommands("@-; -@\n")).toEqual([]);
  });

  test("forgives only the command that the prefix stands before", () => {
    const forgiven = parseCommands("-get a; get b\nget c").map(({ forgiven }) => forgiven);
    expect(forgiven).toEqual([true, false, false]);
  });

  test("keeps each command as it was typed", () => {
    const sources = parseCommands(" -get  'a b' ;\n# no\nput c\t").map(({ source }) => source);
    expect(sources).toEqual(["-get  'a b'", "put c"]);
  });

  test("counts the line ends before each command", () => {
    const text = "\n# no\nget a; get 'b\n'; get c\n\nget \\\nd\nget e";
    expect(parseCommands(text).map(({ line }) => line)).toEqual([2, 2, 3, 5, 7]);
    const many = parseCommands("a\n".repeat(300_000));
    expect(many.at(-1)?.line).toBe(299_999);
  });

  test("gives commands with words or throws BadCommandLine, for any text", () => {
    fc.assert(
      fc.property(text, (text) => {
        try {
          for (const { words } of parseCommands(text)) expect(words).not.toBeEmpty();
        } catch (error) {
          if (!(error instanceof BadCommandLine)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("comes to an end when there are many words, comments and commands", () => {
    expect(parseCommands("a ".repeat(500_000))[0]?.words).toHaveLength(500_000);
    expect(parseCommands("# x\n".repeat(300_000))).toEqual([]);
    expect(parseCommands("- @".repeat(300_000))).toEqual([]);
    expect(parseCommands("!a\n".repeat(300_000))).toHaveLength(300_000);
    expect(parseCommands("a;".repeat(300_000))).toHaveLength(300_000);
    expect(parseCommands(`'${"a".repeat(1_000_000)}'`)[0]?.words[0]?.text).toHaveLength(1_000_000);
  });
});

describe("quoteWord()", () => {
  test.each([
    ["a", "a"],
    ["notes/report-2.pdf", "notes/report-2.pdf"],
    ["a b", "'a b'"],
    ["", "''"],
    ["it's", "'it'\\''s'"],
    ["-r", "'-r'"],
    ["@a", "'@a'"],
    ["#a", "'#a'"],
    ["~", "'~'"],
    ["*", "'*'"],
    ["é", "'é'"],
  ])("writes %j as %s", (word, quoted) => {
    expect(quoteWord(word)).toBe(quoted);
  });

  test("writes words that parseCommands() reads as the same, for any commands", () => {
    const commands = fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(commands, fc.constantFrom(" ; ", ";", "\n", " \r\n"), (commands, separator) => {
        const typed = commands.map((words) => words.map(quoteWord).join(" ")).join(separator);
        expect(wordsOf(typed)).toEqual(commands);
      }),
      { numRuns: 1000 },
    );
  });

  test("keeps a word from being an option, a pattern or a prefix", () => {
    fc.assert(
      fc.property(text, (word) => {
        const [first] = parseCommands(quoteWord(word));
        expect(first).toMatchObject({ forgiven: false, silent: false });
        if (first?.words[0]?.quoted === false)
          expect(word).toMatch(/^[^-@#~*?[\]{}\s][^*?[\]{}\s]*$/);
      }),
      { numRuns: 500 },
    );
  });
});
