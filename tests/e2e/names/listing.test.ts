import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { FastClient, type Received } from "../../support/fast-client.ts";
import { filesUnder, publishedUnder, read, write } from "../../support/files.ts";
import { flood, goodFile, HostileServer, type Victim } from "../../support/hostile-server.ts";
import { growthDuring, runMeasured } from "../../support/memory.ts";
import { connect, ServerProcess, TemporaryFolder, type Ran } from "../../support/programs.ts";
import { block } from "../../support/wire.ts";

setDefaultTimeout(180_000);

const MIB = 1024 * 1024;
const MANY = 50_000;
const hello = Buffer.from("hello");

type Entry = Record<string, unknown>;
const file = (path: string): Entry => ({ path, type: "file", size: 5, mtime: 0, exec: false });
const folder = (path: string): Entry => ({ path, type: "folder", size: 0, mtime: 0, exec: false });

/** A body that lists these. */
function listing(...entries: readonly Entry[]): Buffer {
  const lines = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  return Buffer.concat([Buffer.from("150\n"), block(Buffer.from(lines)), Buffer.from("226\n")]);
}

/** A server that lists what it likes, and has a file under every name. */
function serverOf(list: Uint8Array): Promise<HostileServer> {
  return HostileServer.start(async (victim) => {
    await victim.send("220 protocol=1 server=hostile/1 auth=none pipeline=1024\n");
    for (;;) await victim.send(answer(await victim.line(), list));
  });
}

function answer(line: string, list: Uint8Array): Uint8Array {
  const [verb = ""] = line.split(" ");
  switch (verb) {
    case "LIST":
      return list;
    case "GET":
      return goodFile(hello);
    case "QUIT":
      return Buffer.from("221\n");
    case "STAT":
      return Buffer.from("550 not-found There is none\n");
    case "ABORT":
      return Buffer.from("225\n");
    case "MKDIR":
    case "DELETE":
      return Buffer.from("250\n");
    case "END":
      return Buffer.from(`226 size=5 digest=4e01c226b2333809\n`);
    default:
      // What belongs to a body has no reply of its own.
      return Buffer.alloc(0);
  }
}

const COMMANDS = [
  "GET -r d",
  "GET d/*",
  "GET d/**",
  "GET -r d there/",
  "MIRROR d",
  "MIRROR --delete d here",
];

async function runAgainst(list: Uint8Array, place: TemporaryFolder, command: string): Promise<Ran> {
  await using server = await serverOf(list);
  return await connect(place.join("client"), server.port, command, "--timeout", "20");
}

describe("a listing with names that are not made here", () => {
  const BAD = [
    "d/a\u0000b",
    "d/a\u001b[2J",
    "d/new\nline",
    "d/a:b",
    "d/..\\..\\x",
    "d/C:\\x",
    "d/con",
    "d/nul.txt",
    "d/a.",
    "d/a ",
    "d/.sftp-staging/x",
    "d/.SFTP-STAGING/x",
    "d/.Sftp-Staging",
    "d/sub/.sftp-staging./x",
    "d/cafe\u0301",
    `d/${"x".repeat(256)}`,
    `d/${"deep/".repeat(300)}x`,
  ];

  test.each(COMMANDS)(
    "%s stores what it can, and tells of the others: status 6",
    async (command) => {
      using place = new TemporaryFolder();
      write(place.join("outside"), "canary");
      const ran = await runAgainst(listing(...BAD.map(file), file("d/ok")), place, command);
      expect(ran.status, ran.stderr).toBe(6);
      const names = publishedUnder(place.join("client"));
      expect(names.filter((name) => !name.endsWith("ok"))).toEqual([]);
      expect(names).toHaveLength(1);
      expect(
        filesUnder(place.path).filter((name) => name.toLowerCase().includes("staging")),
      ).toEqual([]);
      expect(ran.stderr).toContain("12 B".replace("12", "5"));
      expect(read(place.join("outside"))?.toString()).toBe("canary");
    },
  );

  test("that is no text ends the connection: status 3, at once", async () => {
    for (const command of [...COMMANDS, "LS d", "MIRROR -R --delete . d"]) {
      using place = new TemporaryFolder();
      const list = listing(file("d/a"), file("d/half\ud800"), file("d/b"));
      const ran = await runAgainst(list, place, command);
      expect(ran.status, `${command} ${ran.stderr}`).toBe(3);
      expect(ran.stderr).toContain(String.raw`its listing of d names d/half\ud800`);
    }
  });

  test("as folders: status 6, and none is made", async () => {
    for (const command of ["GET -r d", "MIRROR d"]) {
      using place = new TemporaryFolder();
      const ran = await runAgainst(listing(...BAD.map(folder), folder("d/ok")), place, command);
      expect(ran.status, ran.stderr).toBe(6);
      expect(readdirSync(place.join("client/d"))).toEqual(["ok"]);
    }
  });
});

describe("a listing whose entries contradict each other", () => {
  const LISTS: readonly (readonly [string, readonly Entry[]])[] = [
    ["a file that is then a folder", [file("d/a"), file("d/a/b"), file("d/ok")]],
    ["a folder that is then a file", [folder("d/a"), file("d/a/b"), file("d/a"), file("d/ok")]],
    ["a folder that is a file when it is got", [folder("d/a"), folder("d/a/b"), file("d/ok")]],
    ["the same name many times", [...Array.from({ length: 50 }, () => file("d/a")), file("d/ok")]],
    ["what was listed, as a file in it", [folder("d/x"), file("d"), file("d/ok")]],
    ["a file in a file in a file", [file("d/a/b/c"), file("d/a/b"), file("d/a"), file("d/ok")]],
    [
      "sizes that are lies",
      [{ ...file("d/a"), size: 2 ** 53 }, { ...file("d/b"), size: -1 }, file("d/ok")],
    ],
    [
      "times that are lies",
      [{ ...file("d/a"), mtime: -5 }, { ...file("d/b"), mtime: 1e308 }, file("d/ok")],
    ],
  ];

  for (const command of ["GET -r d", "MIRROR d", "MIRROR --delete d"]) {
    test.each(LISTS)(`%s: ${command} stores nothing elsewhere, and ends`, async (_, entries) => {
      using place = new TemporaryFolder();
      write(place.join("outside"), "canary");
      write(place.join("client/mine"), "mine");
      const ran = await runAgainst(listing(...entries), place, command);
      expect([0, 6], ran.stderr).toContain(ran.status);
      expect(ran.stderr).not.toContain("internal error");
      for (const name of publishedUnder(place.join("client"))) {
        expect(name).toMatch(/^(?:mine$|d\/)/);
        expect(read(place.join("client", name))?.toString()).toBe(
          name === "mine" ? "mine" : "hello",
        );
      }
      // A mirror of what turns out to be a file is refused as a whole.
      const ok = ran.stderr.includes("d is a file, no folder; GET d gets it") ? undefined : "hello";
      expect(read(place.join("client/d/ok"))?.toString()).toBe(ok);
      expect(read(place.join("outside"))?.toString()).toBe("canary");
    });
  }
});

describe("a listing without an end", () => {
  const line = (index: number): string => `${JSON.stringify(file(`d/${index}`))}\n`;
  const one = block(Buffer.from(line(1).repeat(4000)));

  test.each(["GET -r d", "GET d/nothing*", "MIRROR d", "MIRROR -R --delete mine d"])(
    "is given up by %s, in bounded memory",
    async (command) => {
      using place = new TemporaryFolder();
      write(place.join("client/mine/f"), "hello");
      await using server = await HostileServer.startFor("LIST", async (victim) => {
        await victim.send("150\n");
        await flood(victim, one, Number.POSITIVE_INFINITY);
      });
      const { status, growth } = await runMeasured(place, server.port, command);
      expect(status).toBe(3);
      expect(growth).toBeLessThan(192 * MIB);
      expect(publishedUnder(place.join("client")).filter((name) => !name.startsWith("d/"))).toEqual(
        ["mine/f"],
      );
    },
  );
});

/** Lists a million entries, each of another name. */
async function listMillion(victim: Victim): Promise<void> {
  await victim.send("150\n");
  for (let from = 0; from < 1_000_000; from += 2500) {
    const lines = Array.from({ length: 2500 }, (_, index) =>
      JSON.stringify(file(`d/file-${from + index}`)),
    );
    await victim.send(block(Buffer.from(`${lines.join("\n")}\n`)));
  }
  await victim.send("226\n");
}

describe("a million entries", () => {
  // What is made of each must leave nothing behind; where sides are compared, about 50 bytes.
  test.each([
    ["GET -n d/nothing*", 5, 128],
    ["GET -r -n d", 0, 128],
    ["MIRROR -n d", 0, 128],
    ["MIRROR -R -n mine d", 0, 200],
    ["MIRROR -R -n --delete mine d", 0, 256],
    ["RM -rn d", 0, 384],
    ["LS d", 0, 300],
    ["LS -l d", 0, 300],
  ])(
    "%s: in bounded memory",
    async (command, expected, most) => {
      using place = new TemporaryFolder();
      mkdirSync(place.join("client/mine"), { recursive: true });
      await using server = await HostileServer.startFor("LIST", listMillion);
      const { status, growth, log } = await runMeasured(place, server.port, command);
      expect(status, log.slice(-1000)).toBe(expected);
      expect(growth).toBeLessThan(most * MIB);
    },
    300_000,
  );

  test("LS shows each of them, and tells of them in parts of 100,000", async () => {
    using place = new TemporaryFolder();
    await using server = await HostileServer.startFor("LIST", listMillion);
    const shown = await connect(place.join("client"), server.port, "LS d");
    expect(shown.status).toBe(0);
    const names = shown.stdout.trimEnd().split("\n");
    expect([names.length, new Set(names).size]).toEqual([1_000_000, 1_000_000]);
    const part = names.slice(300_000, 400_000);
    expect(part).toEqual(part.toSorted());
  }, 300_000);

  test(`a server lists ${MANY} in one folder in little memory`, async () => {
    using place = new TemporaryFolder();
    mkdirSync(place.join("server/d"), { recursive: true });
    for (let index = 0; index < MANY; index++) {
      writeFileSync(place.join(`server/d/file-${index + MANY}`), "");
    }
    await using server = await ServerProcess.start(place.join("server"));
    using client = await FastClient.open(server.port);
    const received = Promise.withResolvers<Received>();
    const growth = await growthDuring(server, async () => {
      expect(await client.ask("LIST d")).toBe("150");
      received.resolve(await client.body());
    });
    const { bytes, end } = await received.promise;
    expect(end).toBe("226");
    const one =
      '{"path":"d/file-50000","type":"file","size":0,"mtime":1763800000123,"exec":false}\n';
    expect(bytes).toBe(MANY * one.length);
    expect(growth).toBeLessThan(64 * MIB);
  });
});

describe("folders more than 64 deep", () => {
  test("are refused by name, by a server and by a client that sends", async () => {
    using place = new TemporaryFolder();
    const deep = Array.from({ length: 80 }, (_, index) => `d${index}`).join("/");
    for (const side of ["server", "client"]) {
      write(place.join(side, "tree", deep, "bottom"), "x");
      write(place.join(side, "tree/top"), "x");
    }
    await using server = await ServerProcess.start(place.join("server"));
    for (const command of [
      "GET -r tree got/",
      "MIRROR tree mirrored",
      "PUT -r tree put/",
      "MIRROR -R tree sent",
    ]) {
      const ran = await connect(place.join("client"), server.port, command);
      expect(ran.status, command).toBe(6);
      expect(ran.stderr, command).toContain("more than 64 folders deep");
    }
    expect(read(place.join("client/got/tree/top"))?.toString()).toBe("x");
    expect(read(place.join("server/sent/top"))?.toString()).toBe("x");
  });

  test("of a hostile server are refused as its own server would, and all else is got", async () => {
    using place = new TemporaryFolder();
    const allowed = `d/${"a/".repeat(64)}f`;
    const refused = `d/${"a/".repeat(65)}`;
    const deep = [`${refused}f`, `${refused}${"a/".repeat(400)}f`];
    const entries = listing(file(allowed), ...deep.map(file), file("d/ok"));
    const ran = await runAgainst(entries, place, "GET -r d");
    expect(ran.status, ran.stderr).toBe(6);
    expect(ran.stderr).toContain(`${refused.slice(0, -1)}: It cannot be served: more than 64`);
    expect(publishedUnder(place.join("client"))).toEqual([allowed, "d/ok"]);
  });

  test("by the ten thousand keep nobody busy who compares each of them", async () => {
    using place = new TemporaryFolder();
    const path = `d/${"a/".repeat(20_000)}`;
    // Whoever looked at each part of each of them would do so for longer than any test takes.
    const entries = Buffer.concat([
      Buffer.from("150\n"),
      ...Array.from({ length: 200 }, (_, index) =>
        block(Buffer.from(`${JSON.stringify(file(`${path}${index}`))}\n`)),
      ),
      Buffer.from("226\n"),
    ]);
    const ran = await runAgainst(entries, place, "MIRROR --delete d here");
    expect(ran.status, ran.stderr.slice(0, 1000)).toBe(6);
  });

  test("in names that are longer than any can be end the connection", async () => {
    using place = new TemporaryFolder();
    for (const path of [`d/${"a".repeat(100_000)}`, `../${"a".repeat(100_000)}`]) {
      const ran = await runAgainst(listing(file(path)), place, "GET -r d");
      expect(ran.status).toBe(3);
      expect(ran.stderr).toContain("its listing of d names");
      // A name is not to fill the terminal.
      expect(ran.stderr.length).toBeLessThan(2000);
    }
  });
});
