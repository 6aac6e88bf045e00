import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { FaultyProxy, type Plan } from "../../support/faulty-proxy.ts";
import { writeRandom } from "../../support/files.ts";
import { GREETING, goodFile, HostileServer } from "../../support/hostile-server.ts";
import { Pair } from "../../support/pair.ts";
import {
  BINARY,
  cleanEnvironment,
  ClientProcess,
  TemporaryFolder,
} from "../../support/programs.ts";
import { steady } from "../../support/steady.ts";
import { factsOf, writeTree } from "../../support/trees.ts";
import { blockDigest, EMPTY_DIGEST } from "../../support/wire.ts";

const BLOCK = 262_144;

/** A listing of so many small files, as it is sent. */
function listing(files: number, folder = ""): (string | Buffer)[] {
  const lines = Array.from({ length: files }, (_, n) =>
    JSON.stringify({ path: `${folder}f${n}`, type: "file", size: 5, mtime: 1 }),
  );
  const pieces: (string | Buffer)[] = ["150\n"];
  for (let from = 0; from < files; from += 1000) {
    const block = Buffer.from(`${lines.slice(from, from + 1000).join("\n")}\n`);
    pieces.push(`+${block.length} ${blockDigest(block)}\n`, block);
  }
  return [...pieces, "226\n"];
}

describe.each([
  // A listing and a word that cancels may be under way beside them; files are asked for in groups.
  // Of the listing 1,000 come together.
  ["pipeline=1024", 1022, 1000],
  ["pipeline=100", 98, 4 * 24],
  ["pipeline=8", 6, 6],
  ["pipeline=2", 1, 1],
  ["pipeline=1", 1, 1],
  ["", 1, 1],
])("a server that greets with %j", (greeted, most, mostFiles) => {
  test("is asked for so many files at once, and for no more", async () => {
    using folder = new TemporaryFolder();
    let out = 0;
    let highest = 0;
    let answer = false;
    await using server = await HostileServer.start(async (victim) => {
      await victim.send(GREETING.replace("pipeline=1024", greeted).replace(" \n", "\n"));
      const owed: string[] = [];
      for (;;) {
        const line = await victim.line();
        if (line.startsWith("LIST")) await victim.send(...listing(2000));
        else if (line.startsWith("GET")) {
          owed.push(line);
          highest = Math.max(highest, ++out);
          const reply = async (): Promise<void> => {
            for (const _ of owed.splice(0)) {
              out--;
              await victim.send(goodFile(Buffer.from("small")));
            }
          };
          if (answer) await reply();
          // The first reply comes when no more is asked for, which is read meanwhile.
          else if (out === mostFiles) {
            void steady(() => out).then(() => {
              answer = true;
              return reply();
            });
          }
        } else await victim.send(line === "ABORT" ? "225\n" : "221\n");
      }
    });
    await using client = ClientProcess.start(folder.join("client"), [
      String(server.port),
      "-c",
      "GET -r .",
    ]);
    expect(await client.ended()).toBe(0);
    expect(highest).toBe(mostFiles);
    expect(client.log).toContain("2,000 files");
  });

  test("gets as many removals at once, and no more", async () => {
    using folder = new TemporaryFolder();
    mkdirSync(folder.join("client/d"), { recursive: true });
    let out = 0;
    let highest = 0;
    let answer = false;
    await using server = await HostileServer.start(async (victim) => {
      await victim.send(GREETING.replace("pipeline=1024", greeted).replace(" \n", "\n"));
      for (;;) {
        const line = await victim.line();
        if (line.startsWith("LIST")) await victim.send(...listing(1500, "d/"));
        else if (line.startsWith("DELETE")) {
          highest = Math.max(highest, ++out);
          const reply = async (): Promise<void> => {
            for (; out > 0; out--) await victim.send("250\n");
          };
          if (answer) await reply();
          else if (out === most) {
            void steady(() => out).then(() => {
              answer = true;
              return reply();
            });
          }
        } else await victim.send(line === "ABORT" ? "225\n" : "221\n");
      }
    });
    await using client = ClientProcess.start(folder.join("client"), [
      String(server.port),
      "-c",
      "MIRROR -R --delete d",
    ]);
    expect(await client.ended()).toBe(0);
    expect(highest).toBe(most);
    expect(client.log).toContain("1,500 removed");
  });
});

test("small files are sent before the first reply, and no line stands within another's body", async () => {
  using folder = new TemporaryFolder();
  const names = Array.from({ length: 300 }, (_, n) => `d/f${n}`);
  writeTree(folder.join("client"), Object.fromEntries(names.map((name) => [name, ""])));
  for (let n = 0; n < 20; n++) writeRandom(folder.join(`client/d/large${n}`), 2 * BLOCK + n);
  await using pair = await Pair.start({});
  // All kinds of requests while bodies are sent: the server closes where one stands in a body.
  await using proxy = await FaultyProxy.start(pair.server.port);
  const env = cleanEnvironment();
  for (const line of [
    "PUT -r d",
    "PUT -r --checksum d",
    "PUT -r d e",
    "MIRROR -R --checksum d e",
  ]) {
    const child = Bun.spawn(
      [BINARY, "connect", String(proxy.port), "--root", folder.join("client"), "-c", line],
      { env, stderr: "pipe" },
    );
    expect(await child.exited).toBe(0);
  }
  expect(factsOf(pair.there("d"))).toEqual(factsOf(folder.join("client/d")));
  expect(factsOf(pair.there("e"))).toEqual(factsOf(folder.join("client/d")));
  const sent = proxy.lines("toServer").filter((line) => line !== "" && !line.startsWith("~"));
  let body: string | undefined;
  for (const line of sent) {
    const [verb = ""] = line.split(" ");
    if (body === undefined)
      expect(["PUT", "UNPACK", "HELD", "STAT", "LIST", "MKDIR", "NOOP", "QUIT"]).toContain(verb);
    else expect([body, verb]).toEqual([body, "END"]);
    body = verb === "PUT" || verb === "UNPACK" ? line : undefined;
  }
});

test("many uploads are under way before the server has answered the first", async () => {
  using folder = new TemporaryFolder();
  const names = Array.from({ length: 700 }, (_, n) => `d/f${n}`);
  writeTree(folder.join("client"), Object.fromEntries(names.map((name) => [name, ""])));
  let out = 0;
  let highest = 0;
  let answer = false;
  await using server = await HostileServer.start(async (victim) => {
    await victim.send(GREETING);
    for (;;) {
      const line = await victim.line();
      if (line.startsWith("END")) {
        highest = Math.max(highest, ++out);
        if (!answer && out === 500) {
          await steady(() => out);
          answer = true;
        }
        if (!answer) continue;
        for (; out > 0; out--) await victim.send(`226 size=0 digest=${EMPTY_DIGEST}\n`);
      } else if (line.startsWith("MKDIR")) await victim.send("250\n");
      else if (line === "QUIT") await victim.send("221\n");
    }
  });
  await using client = ClientProcess.start(folder.join("client"), [
    String(server.port),
    "-c",
    "PUT -r d",
  ]);
  expect(await client.ended()).toBe(0);
  expect(highest).toBeGreaterThanOrEqual(500);
  expect(highest).toBeLessThanOrEqual(1023);
});

describe.each(["GET", "PUT"] as const)(
  "%s over a connection that is cut again and again",
  (way) => {
    /** 500 files: many small ones, some of several blocks, some empty. */
    function fill(folder: string): void {
      for (let n = 0; n < 500; n++) {
        const bytes = n % 50 === 0 ? 3 * BLOCK + n : n % 7 === 0 ? 0 : 2000 + n;
        writeRandom(`${folder}/d${n % 9}/e${n % 4}/f${n}`, bytes);
      }
    }

    test("ends exact, in the end", async () => {
      const plans: Plan[] = Array.from({ length: 12 }, (_, n) => {
        const fault = {
          afterContent: 40_000 + 123_457 * n,
          do: n % 2 === 0 ? "cut" : "reset",
        } as const;
        return way === "GET" ? { toClient: fault } : { toServer: fault };
      });
      await using pair = await Pair.start({});
      const [from, to] =
        way === "GET" ? [pair.there("s"), pair.here("s")] : [pair.here("s"), pair.there("s")];
      fill(from);
      await using proxy = await FaultyProxy.start(pair.server.port, ...plans);
      const ran = await pair.runAt(proxy.port, `${way} -r s`, [], { env: { SFTP_RETRIES: "5" } });
      expect(ran.status).toBe(0);
      expect(ran.stderr).toContain("500 files");
      expect(proxy.passages.length).toBeGreaterThan(8);
      expect(factsOf(to)).toEqual(factsOf(from));
    }, 120_000);

    test("also where nothing has content, and only replies tell of progress", async () => {
      const count = 40;
      await using pair = await Pair.start({});
      const [from, to] =
        way === "GET" ? [pair.there("s"), pair.here("s")] : [pair.here("s"), pair.there("s")];
      // Too few in a folder to come in a pack.
      const names = Array.from({ length: count }, (_, n) => [`d${n % 8}/f${n}`, ""] as const);
      writeTree(from, Object.fromEntries(names));
      // The first few replies pass, then the connection is cut.
      const plans: Plan[] = Array.from({ length: 8 }, (_, n) => ({
        toClient: { beforeLine: lineNumber(way, 2 + (n % 3)), do: "cut" },
      }));
      await using proxy = await FaultyProxy.start(pair.server.port, ...plans);
      const ran = await pair.runAt(proxy.port, `${way} -r s`, [], { env: { SFTP_RETRIES: "2" } });
      expect(ran.status).toBe(0);
      // A server stores many at a time: what it had stored when it was cut is not sent again.
      expect(proxy.passages.length).toBeGreaterThan(way === "GET" ? 4 : 1);
      expect(factsOf(to)).toEqual(factsOf(from));
    }, 120_000);

    test("holds few files open, however many have to be sent again", async () => {
      await using pair = await Pair.start({});
      const [from, to] =
        way === "GET" ? [pair.there("s"), pair.here("s")] : [pair.here("s"), pair.there("s")];
      for (let n = 0; n < 1500; n++)
        writeTree(`${from}/a/b/c/d${n % 5}`, { [`f${n}`]: `content of ${n}` });
      const plans: Plan[] = [1, 2].map(() => ({
        // Of the packs, and the listing before them.
        toClient: { beforeLine: nthOf(/^226$/, 10), do: "reset" },
      }));
      await using proxy = await FaultyProxy.start(pair.server.port, ...plans);
      const args = [
        BINARY,
        "connect",
        String(proxy.port),
        "--root",
        pair.here(),
        "-c",
        `${way} -r s`,
      ];
      const child = Bun.spawn(["sh", "-c", 'ulimit -n 100; exec "$@"', "sh", ...args], {
        env: cleanEnvironment({ SFTP_RETRIES: "5" }),
        stderr: "pipe",
      });
      const said = await new Response(child.stderr).text();
      expect(said).toContain("trying again");
      expect(said).not.toContain("failed");
      expect(await child.exited).toBe(0);
      expect(factsOf(to)).toEqual(factsOf(from));
    }, 120_000);
  },
);

/** Matches the final reply to a transfer for the n-th time that it is tried. */
function lineNumber(way: "GET" | "PUT", n: number): RegExp {
  return nthOf(way === "GET" ? /^226 digest/ : /^226 size/, n);
}

/** Matches what a pattern matches, for the n-th time that it is tried. */
function nthOf(wanted: RegExp, n: number): RegExp {
  let seen = 0;
  const pattern = /./;
  pattern.test = (line: string): boolean => wanted.test(line) && ++seen >= n;
  return pattern;
}
