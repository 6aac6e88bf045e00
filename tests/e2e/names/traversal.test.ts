import { describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { filesUnder, publishedUnder, read, write } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { block, BLOCK_SIZE, body } from "../../support/wire.ts";

const KEY = "0123456789abcdef0123456789abcdef";
const LONG_AGO = new Date(1_600_000_000_000);

/** A root with a folder and a file in it, and all around it what nobody may touch. */
class Yard implements Disposable {
  readonly folder = new TemporaryFolder();
  readonly root = this.folder.join("up/root");
  readonly #before: string;

  constructor() {
    for (const name of ["canary", "x", "f", "up/canary", "up/x", "up/f", "up/beside/x"]) {
      write(this.folder.join(name), "nobody reads this");
    }
    mkdirSync(this.folder.join("up/empty"));
    write(`${this.root}/a/f`, "inside");
    write(`${this.root}/f`, "inside");
    for (const name of ["canary", "x", "up/x", "up/f", "up/empty", "up/beside"]) {
      utimesSync(this.folder.join(name), LONG_AGO, LONG_AGO);
    }
    this.#before = this.#outside();
  }

  /** Demands that all around the root is as it was: names, contents and times. */
  expectUntouched(): void {
    expect(this.#outside()).toBe(this.#before);
  }

  #outside(): string {
    const names = readdirSync(this.folder.path, { recursive: true }).map(String).toSorted();
    const around = names.filter((name) => !name.startsWith("up/root"));
    const lines = around.map((name) => {
      const stat = lstatSync(this.folder.join(name), { bigint: true });
      const content = stat.isFile() ? readFileSync(this.folder.join(name), "utf8") : "";
      return `${name} ${stat.mode} ${stat.mtimeNs} ${stat.ino} ${content}`;
    });
    return lines.join("\n");
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/** What leads out of a root on one system or another, decoded. */
const FORMS = [
  "..",
  "../x",
  "../f",
  "../../canary",
  "../beside/x",
  "../empty",
  "../new",
  "a/../../x",
  "a/../../../canary",
  "./../x",
  "a/..",
  ".",
  "./f",
  "/x",
  "/etc/passwd",
  "//h/s",
  "//h/s/x",
  "..\\x",
  "..\\..\\canary",
  "a\\..\\..\\x",
  "\\\\h\\s\\x",
  "C:\\x",
  "C:x",
  "C:/x",
  "a//../../x",
  "...//...//x",
  "\u2025/x",
  "\uff0e\uff0e/x",
  "..\u2215x",
];

/** Every way that a path has to stand in a request. */
const everyByte = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
const ENCODINGS: readonly (readonly [string, (form: string) => string])[] = [
  ["raw", (form) => form],
  ["with its slashes as they are", (form) => form.split("/").map(everyByte).join("/")],
  ["whole", everyByte],
  ["whole, twice", (form) => everyByte(everyByte(form))],
  ["twice but for its slashes", (form) => form.split("/").map(everyByte).map(everyByte).join("/")],
  ["overlong", (form) => form.replaceAll(".", "%c0%ae").replaceAll("/", "%c0%af")],
];

/** What the grammar has for a value; a path is one that does not begin with a slash. */
const VALUE = /^(?:[\w.~,/-]|%[\da-f]{2})+$/i;

/** Every request that names something, the path in every place. */
function requestsFor(path: string): (string | Buffer)[][] {
  const hello = block(Buffer.from("hello"));
  return [
    [`GET ${path}\n`],
    [`GET ${path} offset=${BLOCK_SIZE}\n`],
    [`LIST ${path}\n`],
    [`LIST ${path} recursive=1\n`],
    [`STAT ${path}\n`],
    [`STAT ${path} digest=1\n`],
    [`HELD ${path} part=${KEY}\n`],
    [`MKDIR ${path}\n`],
    [`MKDIR ${path}/new\n`],
    [`DELETE ${path}\n`],
    [`RENAME ${path} to=moved\n`],
    [`RENAME f to=${path}\n`],
    [`RENAME a to=${path}/a\n`],
    [`PUT ${path}\n`, hello, "END\n"],
    [`PUT ${path} size=5 mtime=0 exec=1\n`, hello, "END\n"],
    [`PUT ${path} if=absent\n`, hello, "END\n"],
    [`PUT ${path} part=${KEY}\n`, hello, "END\n"],
    [`PUT ${path} part=${KEY} offset=${BLOCK_SIZE}\n`, hello, "END\n"],
  ];
}

describe("what leads out of the root", () => {
  test.each(ENCODINGS)(
    "%s: nothing outside is read or written, by any verb",
    async (what, encode) => {
      using yard = new Yard();
      await using server = await ServerProcess.start(yard.root);
      for (const form of FORMS) {
        const path = encode(form);
        const grammatical = !path.startsWith("/") && VALUE.test(path);
        let client = await RawClient.open(server.port);
        for (const request of requestsFor(path)) {
          const shown = `${what}: ${String(request[0])}`;
          client.send(...request);
          const reply = await client.reply();
          const inValue = String(request[0]).includes(` to=${path}`);
          if (!(grammatical || (inValue && VALUE.test(path)))) {
            // Nothing behind it is looked at, be it a body.
            expect(reply, shown).toStartWith("500 syntax ");
            expect(await client.rest(), shown).toBe("");
            client[Symbol.dispose]();
            client = await RawClient.open(server.port);
            continue;
          }
          expect(reply, shown).toMatch(/^(?:[12]|501 |55[013] )/);
          const content = reply.startsWith("150") ? (await client.body()).content.toString() : "";
          expect(content, shown).not.toMatch(/nobody reads this|canary|beside|root:/);
          // The connection goes on.
          expect(await client.sendLine("NOOP").reply(), shown).toBe("200");
        }
        client[Symbol.dispose]();
      }
      yard.expectUntouched();
    },
  );

  test.each(["..", "../x", "../../canary", "a/../../x", "a/..", ".", "./f", "a//f", "a/./f", "f/"])(
    "%j is 553 name for every verb, however it is encoded",
    async (form) => {
      using yard = new Yard();
      await using server = await ServerProcess.start(yard.root);
      using client = await RawClient.open(server.port);
      for (const path of [form, form.split("/").map(everyByte).join("/"), everyByte(form)]) {
        for (const request of requestsFor(path)) {
          const reply = await client.send(...request).reply();
          expect(reply, String(request[0])).toStartWith("553 name ");
        }
      }
      expect(publishedUnder(yard.root)).toEqual(["a/f", "f"]);
      yard.expectUntouched();
    },
  );

  test("the part of an upload that goes on cannot be stored elsewhere", async () => {
    using yard = new Yard();
    await using server = await ServerProcess.start(yard.root);
    using client = await RawClient.open(server.port);
    const content = Buffer.alloc(2 * BLOCK_SIZE, "part");
    client.send(`PUT new part=${KEY}\n`, body(content), "ABORT\n");
    expect(await client.reply()).toStartWith("426 ");
    for (const path of ["../new", "a/../../new", "%2e%2e/new", "..%2fnew", "a/%2e%2e/%2e%2e/x"]) {
      expect(await client.sendLine(`HELD ${path} part=${KEY}`).reply()).toStartWith("553 name ");
      client.send(`PUT ${path} part=${KEY} offset=${content.length}\n`, "END\n");
      expect(await client.reply()).toStartWith("553 name ");
    }
    expect(await client.sendLine(`HELD new part=${KEY}`).reply()).toContain(
      `offset=${content.length} `,
    );
    yard.expectUntouched();
  });
});

describe("what a user types for the server's side", () => {
  test.each(["..", "../x", "a/../../x", "/../x", "../../canary", "./.././x"])(
    "%j is refused here, with status 6, by every command",
    async (typed) => {
      using yard = new Yard();
      write(yard.folder.join("client/mine"), "mine");
      await using server = await ServerProcess.start(yard.root);
      for (const command of [
        `GET ${typed}`,
        `GET ${typed} here`,
        `GET -r ${typed}`,
        `GET ${typed}/*`,
        `PUT mine ${typed}`,
        `PUT mine ${typed}/`,
        `PUT -r mine ${typed}/`,
        `LS ${typed}`,
        `MIRROR ${typed} here`,
        `MIRROR -R --delete . ${typed}`,
      ]) {
        const ran = await connect(yard.folder.join("client"), server.port, command);
        expect(ran.status, command).toBe(6);
        expect(ran.stderr, command).toContain("leads above the server's root");
      }
      expect(filesUnder(yard.folder.join("client"))).toEqual(["mine"]);
      expect(read(`${yard.root}/f`)?.toString()).toBe("inside");
      expect(publishedUnder(yard.root)).toEqual(["a/f", "f"]);
    },
  );

  test.each(["C:x", "a:b", "..\\x", "C:\\x", "con", "nul.txt", "COM1", "a.", "a ", "a\u001b[2J"])(
    "%j is not made there, with status 6",
    async (name) => {
      using yard = new Yard();
      write(yard.folder.join("client/mine"), "mine");
      await using server = await ServerProcess.start(yard.root);
      const ran = await connect(yard.folder.join("client"), server.port, `PUT mine '${name}'`);
      expect(ran.status, ran.stderr).toBe(6);
      expect(publishedUnder(yard.root)).toEqual(["a/f", "f"]);
    },
  );
});
