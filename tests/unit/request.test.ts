import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { encodePath } from "../../src/protocol/path.ts";
import {
  formatBodyEnd,
  formatRequest,
  GRAMMAR,
  parseBodyEnd,
  parseRequest,
  type AnyRequest,
  type Request,
} from "../../src/protocol/request.ts";
import { ProtocolViolation } from "../../src/protocol/violation.ts";
import { anyRequest } from "./arbitraries.ts";

/** The code and word that a line is rejected with; `undefined` where it is understood. */
function rejectionOf(line: string): string | undefined {
  const understood = parseRequest(line);
  if (understood.ok) return undefined;
  const { failure } = understood.rejection;
  return `${failure.code} ${failure.word}`;
}

const KEY = "0123456789abcdef0123456789abcdef";

const UNDERSTOOD: [string, AnyRequest][] = [
  ["GET a/b%20c", { verb: "GET", path: ["a", "b c"], keys: {} }],
  ["get a", { verb: "GET", path: ["a"], keys: {} }],
  ["GeT a", { verb: "GET", path: ["a"], keys: {} }],
  ["GET a offset=262144", { verb: "GET", path: ["a"], keys: { offset: 262_144 } }],
  ["PUT a", { verb: "PUT", path: ["a"], keys: {} }],
  [`PUT a offset=0 part=${KEY}`, { verb: "PUT", path: ["a"], keys: { part: KEY, offset: 0 } }],
  [`HELD a/b part=${KEY}`, { verb: "HELD", path: ["a", "b"], keys: { part: KEY } }],
  [
    "PUT a mtime=0 if=absent exec=1 size=9007199254740991",
    { verb: "PUT", path: ["a"], keys: { size: 2 ** 53 - 1, mtime: 0, exec: true, if: "absent" } },
  ],
  ["PACK a/b names=c/d%20e", { verb: "PACK", path: ["a", "b"], keys: { names: ["c", "d e"] } }],
  ["PACK names=a,b", { verb: "PACK", path: [], keys: { names: ["a,b"] } }],
  ["UNPACK a names=b/c", { verb: "UNPACK", path: ["a"], keys: { names: ["b", "c"] } }],
  ["LIST", { verb: "LIST", path: [], keys: {} }],
  ["LIST a recursive=1", { verb: "LIST", path: ["a"], keys: { recursive: true } }],
  ["LIST recursive=1", { verb: "LIST", path: [], keys: { recursive: true } }],
  ["STAT", { verb: "STAT", path: [], keys: {} }],
  ["STAT a digest=1", { verb: "STAT", path: ["a"], keys: { digest: true } }],
  ["STAT a upto=1 digest=1", { verb: "STAT", path: ["a"], keys: { digest: true, upto: 1 } }],
  ["MKDIR a/b", { verb: "MKDIR", path: ["a", "b"], keys: {} }],
  ["DELETE a", { verb: "DELETE", path: ["a"], keys: {} }],
  ["RENAME a to=b%20c/d", { verb: "RENAME", path: ["a"], keys: { to: ["b c", "d"] } }],
  [
    "AUTH mechanism=SCRAM-SHA-256-PLUS data=bixhPQ_-",
    {
      verb: "AUTH",
      path: [],
      keys: { mechanism: "SCRAM-SHA-256-PLUS", data: "bixhPQ_-" },
    },
  ],
  ["AUTH data=", { verb: "AUTH", path: [], keys: { data: "" } }],
  ["ABORT", { verb: "ABORT", path: [], keys: {} }],
  ["NOOP", { verb: "NOOP", path: [], keys: {} }],
  ["QUIT", { verb: "QUIT", path: [], keys: {} }],
];

describe("parseRequest()", () => {
  test.each(UNDERSTOOD)("understands %s", (line, request) => {
    expect(parseRequest(line)).toEqual({ ok: true, request });
  });

  test("has an example here for every verb and every key of the grammar", () => {
    for (const [verb, { keys }] of Object.entries(GRAMMAR)) {
      const examples = UNDERSTOOD.filter(([, request]) => request.verb === verb);
      const shown = new Set(examples.flatMap(([, request]) => Object.keys(request.keys)));
      expect(examples.length, verb).toBeGreaterThan(0);
      expect([...shown].toSorted(), verb).toEqual(Object.keys(keys).toSorted());
    }
  });

  test.each([
    "FOO",
    "FOO a b=1",
    "POST",
    "END",
    "HELO",
    "toString",
    "constructor",
    "hasOwnProperty",
  ])("rejects with 500 the verb of %s", (line) => {
    expect(rejectionOf(line)).toBe("500 syntax");
  });

  test.each([
    ["a key that the verb does not have", "GET a size=1"],
    ["an unknown key", "PUT a colour=red"],
    ["a key that every object has", "PUT a constructor=1"],
    ["a repeated key", "PUT a size=1 size=1"],
    ["a repeated key with another value", "LIST recursive=1 recursive=0"],
    ["a path where none belongs", "NOOP a"],
    ["a path where none belongs", "QUIT a"],
    ["a path where none belongs", "ABORT a"],
    ["a key where none belongs", "ABORT drop=1"],
    ["no path", "GET"],
    ["no path", "PUT size=1"],
    ["no path", "MKDIR"],
    ["no path", "DELETE"],
    ["no path", "RENAME to=a"],
    ["no target", "RENAME a"],
    ["an empty target", "RENAME a to="],
    ["an absolute target", "RENAME a to=/b"],
    ["a flag that is no flag", "LIST recursive=0"],
    ["a flag that is no flag", "LIST recursive=true"],
    ["an empty flag", "LIST recursive="],
    ["a flag that is encoded", "LIST recursive=%31"],
    ["another condition", "PUT a if=present"],
    ["a condition in capitals", "PUT a if=ABSENT"],
    ["an empty number", "PUT a size="],
    ["no path", `HELD part=${KEY}`],
    ["no key of a part", "HELD a"],
    ["an offset where nothing is gone on with", `HELD a part=${KEY} offset=0`],
    ["a repeated key of a part", `HELD a part=${KEY} part=${KEY}`],
    ["a repeated key of a part", `PUT a part=${KEY} offset=0 part=${KEY}`],
    ["no data", "AUTH mechanism=SCRAM-SHA-256-PLUS"],
    ["a mechanism in small letters", "AUTH mechanism=plain data=AAAA"],
    ["no mechanism's name", "AUTH mechanism= data=AAAA"],
    ["data that is no base64url", "AUTH data=A"],
    ["data with a slash", "AUTH data=AA/A"],
    ["a path where none belongs", "AUTH a data=AAAA"],
    ["a repeated offset", "GET a offset=0 offset=0"],
    ["no names", "PACK a"],
    ["no names", "PACK a names="],
    ["no names", "UNPACK a"],
    ["a name of no length", "PACK a names=b//c"],
    ["a name of no length", "PACK a names=/b"],
    ["more names than a pack has", `PACK a names=${Array(65).fill("b").join("/")}`],
  ])("rejects with 501 %s: %s", (_, line) => {
    expect(rejectionOf(line)).toBe("501 argument");
  });

  test.each([
    "-0",
    "-1",
    "1e3",
    "0x1",
    "01",
    "1.0",
    "1,0",
    "9007199254740992",
    "9007199254740993",
    "9223372036854775808",
    "18446744073709551616",
    "9".repeat(5000),
    "%31",
  ])("rejects with 501 the number %s, and takes no other for it", (number) => {
    expect(rejectionOf(`PUT a size=${number}`)).toBe("501 argument");
    expect(rejectionOf(`PUT a mtime=${number}`)).toBe("501 argument");
    expect(rejectionOf(`PUT a part=${KEY} offset=${number}`)).toBe("501 argument");
    expect(rejectionOf(`GET a offset=${number}`)).toBe("501 argument");
    expect(rejectionOf(`STAT a digest=1 upto=${number}`)).toBe("501 argument");
  });

  test.each([
    "",
    KEY.slice(1),
    `${KEY}0`,
    KEY.toUpperCase(),
    `g${KEY.slice(1)}`,
    `%30${KEY.slice(1)}`,
  ])("rejects with 501 the key %j of a part", (key) => {
    expect(rejectionOf(`HELD a part=${key}`)).toBe("501 argument");
    expect(rejectionOf(`PUT a part=${key} offset=0`)).toBe("501 argument");
  });

  test("throws ProtocolViolation for the number +1: a plus is not grammatical", () => {
    expect(() => parseRequest("PUT a size=+1")).toThrow(ProtocolViolation);
  });

  const verbsWithPath = Object.entries(GRAMMAR).filter(([, { path }]) => path !== "none");

  describe.each(verbsWithPath.map(([verb]) => verb))("of %s", (verb) => {
    const keys =
      { RENAME: " to=b", PACK: " names=b", UNPACK: " names=b", HELD: ` part=${KEY}` }[verb] ?? "";

    test.each(["/x", "//h/s", "..\\x", "C:\\x", "a\0b", "a\x1b", "\u202e", "é"])(
      "throws ProtocolViolation when the path is a raw %j",
      (path) => {
        expect(() => parseRequest(`${verb} ${path}${keys}`)).toThrow(ProtocolViolation);
      },
    );

    test.each([
      "%2Fx",
      "..%2Fx",
      "%2F%2Fh%2Fs",
      "a%00b",
      "%00",
      "%ED%A0%80",
      "%C0%AE%C0%AE",
      "%FF",
    ])("rejects with 553 the path %s", (path) => {
      expect(rejectionOf(`${verb} ${path}${keys}`)).toBe("553 name");
    });

    test.each(["../x", "/x", "a/../../x", "..\\x", "C:\\x", "//h/s", "a\0b"])(
      "decodes %j once when it is encoded twice",
      (name) => {
        const twice = encodePath([encodeURIComponent(name)]);
        const understood = parseRequest(`${verb} ${twice}${keys}`);
        expect(understood.ok && understood.request.path).toEqual([encodeURIComponent(name)]);
      },
    );
  });

  test.each(["a%2Fb", "%00", "%FF", "a/%ED%A0%80"])("rejects with 553 the target %s", (to) => {
    expect(rejectionOf(`RENAME a to=${to}`)).toBe("553 name");
    expect(rejectionOf(`PACK a names=${to}`)).toBe("553 name");
  });

  test("rejects with 553 a target that is too long; of names only the file system tells", () => {
    expect(rejectionOf(`RENAME a to=${"a".repeat(256)}`)).toBe("553 name");
    const names = Array(64).fill("a".repeat(100)).join("/");
    expect(rejectionOf(`PACK a names=${names}`)).toBeUndefined();
  });
});

describe("formatRequest()", () => {
  test("writes what parseRequest() reads as the same, for any request", () => {
    fc.assert(
      fc.property(anyRequest, ({ request, line }) => {
        expect(line).toMatch(/^[ -~]*\n$/);
        expect(parseRequest(line.slice(0, -1))).toEqual({ ok: true, request });
      }),
      { numRuns: 500 },
    );
  });

  test("leaves out what is undefined", () => {
    const keys: Request<"PUT">["keys"] = JSON.parse('{"size":0}');
    expect(formatRequest("PUT", ["a"], { ...keys, exec: true })).toBe("PUT a size=0 exec=1\n");
    expect(formatRequest("LIST", [], {})).toBe("LIST\n");
  });
});

describe("parseBodyEnd()", () => {
  test("reads what formatBodyEnd() writes", () => {
    const digest = 0x2d06800538d394c2n;
    expect(formatBodyEnd("END", { digest })).toBe("END digest=2d06800538d394c2\n");
    expect(parseBodyEnd("end digest=2d06800538d394c2")).toEqual({
      ok: true,
      request: { verb: "END", path: [], keys: { digest } },
    });
    expect(formatBodyEnd("ABORT", { drop: true })).toBe("ABORT drop=1\n");
    expect(parseBodyEnd("ABORT drop=1")).toEqual({
      ok: true,
      request: { verb: "ABORT", path: [], keys: { drop: true } },
    });
    expect(formatBodyEnd("END", {})).toBe("END\n");
  });

  test.each(["END a", "END digest=5", "END digest=2D06800538D394C2", "ABORT drop=0", "END drop=1"])(
    "rejects with 501 %s",
    (line) => {
      const end = parseBodyEnd(line);
      expect(end !== undefined && !end.ok && end.rejection.failure.code).toBe(501);
    },
  );

  test("gives undefined for what ends no body", () => {
    for (const line of ["QUIT", "GET a", "PUT a", "toString"]) {
      expect(parseBodyEnd(line)).toBeUndefined();
    }
  });
});
