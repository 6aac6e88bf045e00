import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { publishedUnder, write } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { block } from "../../support/wire.ts";

const folder = new TemporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  write(folder.join("f"), "f");
  server = await ServerProcess.start(folder.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const escape = (byte: number): string => `%${byte.toString(16).padStart(2, "0")}`;

/** Control characters that can be in a file's name, encoded. */
const CONTROLS = [
  ...Array.from({ length: 0x1f }, (_, index) => escape(index + 1)),
  "%7f",
  "%c2%80",
  "%c2%9b",
  "%c2%9f",
];

/** What can be in no name: NUL, and what is no UTF-8. */
const NEVER: readonly (readonly [string, string])[] = [
  ["NUL", "%00"],
  ["a continuation alone", "%80"],
  ["an overlong dot", "%c0%ae"],
  ["an overlong slash of two bytes", "%c0%af"],
  ["an overlong slash of three", "%e0%80%af"],
  ["an overlong slash of four", "%f0%80%80%af"],
  ["an overlong NUL", "%c0%80"],
  ["a high surrogate", "%ed%a0%80"],
  ["a low surrogate", "%ed%b0%80"],
  ["a pair of surrogates", "%ed%a0%bd%ed%b8%80"],
  ["beyond Unicode", "%f4%90%80%80"],
  ["five bytes", "%f8%88%80%80%80"],
  ["a cut sequence", "%e2%82"],
  ["Latin-1", "%e9"],
  ["0xff", "%ff"],
  ["an encoded slash", "%2f"],
];

/** Every request that names something, and whether it would make it. */
function requestsFor(name: string): readonly (readonly [request: string, creates: boolean])[] {
  const key = "0123456789abcdef0123456789abcdef";
  const content = `${block(Buffer.from("hello")).toString()}END`;
  return [
    [`GET ${name}`, false],
    [`LIST ${name}`, false],
    [`STAT ${name}`, false],
    [`STAT ${name} digest=1`, false],
    [`DELETE ${name}`, false],
    [`RENAME ${name} to=moved`, false],
    [`RENAME f to=${name}`, true],
    [`RENAME f to=${name}/x`, true],
    [`MKDIR ${name}`, true],
    [`MKDIR ${name}/x`, true],
    [`HELD ${name} part=${key}`, true],
    [`PUT ${name}\n${content}`, true],
    [`PUT a/${name}\n${content}`, true],
    [`PUT ${name}/a if=absent\n${content}`, true],
    [`PUT ${name} part=${key}\n${content}`, true],
  ];
}

describe("encoded, the connection goes on", () => {
  test("control characters are 553 name where something would be made, and 550 elsewhere", async () => {
    using client = await RawClient.open(server.port);
    for (const control of CONTROLS) {
      for (const name of [control, `a${control}b`, `a${control}`]) {
        for (const [request, creates] of requestsFor(name)) {
          const reply = await client.sendLine(request).reply();
          expect(reply, request).toStartWith(creates ? "553 name " : "550 not-found ");
          expect(reply, request).toMatch(/^[ -~]+$/);
        }
      }
    }
    expect(await client.sendLine("NOOP").reply()).toBe("200");
  });

  test.each(NEVER)("%s is 553 name for every verb", async (_, bad) => {
    using client = await RawClient.open(server.port);
    for (const name of [bad, `a${bad}`, `${bad}b`, bad.toUpperCase()]) {
      for (const [request] of requestsFor(name)) {
        const reply = await client.sendLine(request).reply();
        // Where the value of a key is no text at all, it is the key that is wrong.
        expect(reply, request).toMatch(
          request.includes("to=") ? /^(?:553 name|501 argument) / : /^553 name /,
        );
        expect(reply, request).toMatch(/^[ -~]+$/);
      }
    }
    expect(await client.sendLine("NOOP").reply()).toBe("200");
  });
});

describe("raw, 500 and closed, and nothing behind it is looked at", () => {
  const printable = [0x20, 0x22, 0x2b, 0x3a, 0x5c];
  const above = [0x7f, 0x80, 0x9b, 0xc0, 0xed, 0xff];
  const controls = Array.from({ length: 0x20 }, (_, byte) => byte).filter((byte) => byte !== 0x0a);
  const BYTES = [...controls, ...printable, ...above];

  test.each(BYTES)("byte %i in every place of every request", async (byte) => {
    const verbs = [
      "GET a?b",
      "LIST a?b",
      "STAT a?b digest=1",
      "DELETE a?b",
      "MKDIR a?b",
      "RENAME a?b to=c",
      "RENAME f to=a?b",
      "HELD a?b part=0123456789abcdef0123456789abcdef",
      "PUT a?b",
      "PUT a size=?5",
      "G?ET f",
      "?GET f",
    ];
    const tried = verbs.map(async (verb) => {
      using client = await RawClient.open(server.port);
      const [before = "", after = ""] = verb.split("?");
      // Between words a space is only one too many.
      const bad = Buffer.concat([
        Buffer.from(before),
        Buffer.from([byte, byte]),
        Buffer.from(after),
      ]);
      client.send("NOOP\n", bad, "\nMKDIR canary\nNOOP\n");
      expect(await client.rest(), `${verb} ${byte}`).toMatch(/^200\n500 syntax [ -~]+\n$/);
    });
    await Promise.all(tried);
    expect(publishedUnder(folder.path)).toEqual(["f"]);
    expect(await Bun.file(folder.join("canary")).exists()).toBe(false);
  });
});
