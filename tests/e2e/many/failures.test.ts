import { expect, test } from "bun:test";
import { mkdirSync, rmSync, readdirSync } from "node:fs";
import { body, blockDigest, fileDigest } from "../../support/wire.ts";
import { GREETING, goodFile, HostileServer, announce } from "../../support/hostile-server.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";
import { Pair } from "../../support/pair.ts";
import { writeRandom } from "../../support/files.ts";

const BLOCK = 262_144;
/** It ends its line, so that what comes behind it begins one. */
const CONTENT = Buffer.from("content\n");

/** So many small files by name. */
function small(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [`d/f${n}`, `content of ${n}`]),
  );
}

function eventsOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split("\n")
    .map((line): Record<string, unknown> => JSON.parse(line));
}

test.each([
  ["GET", 100],
  ["GET", 3 * BLOCK],
  ["GET", 40 * BLOCK],
  ["PUT", 100],
  ["PUT", 3 * BLOCK],
  ["PUT", 40 * BLOCK],
] as const)(
  "%s: a folder in the way of one of many, of %d bytes, stops none of the others",
  async (way, bytes) => {
    const files = small(300);
    await using pair = await Pair.start(way === "GET" ? { there: files } : { here: files });
    const [source, target] =
      way === "GET" ? [pair.there(), pair.here()] : [pair.here(), pair.there()];
    for (const name of ["blocked 1", "blocked 2"]) {
      writeRandom(`${source}/d/${name}`, bytes);
      mkdirSync(`${target}/d/${name}/sub`, { recursive: true });
    }
    const ran = await pair.run(`-${way} -r d; ${way} d/f1 again`, ["--json"]);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain("2 failed");
    const failed = eventsOf(ran.stdout).filter(({ event }) => event === "failed");
    expect(failed.map(({ path, status }) => [path, status])).toEqual(
      expect.arrayContaining([
        ["d/blocked 1", 6],
        ["d/blocked 2", 6],
        [undefined, 6],
      ]),
    );
    expect(failed.length).toBe(3);
    expect(contentsOf(target)).toMatchObject({ ...files, again: "content of 1" });
    const finished = eventsOf(ran.stdout).filter(({ event }) => event === "finished");
    expect(finished).toEqual([expect.objectContaining({ files: 300, skipped: 0, failed: 2 })]);
  },
);

test("several words: what is wrong with one stops none of the others; the status is of one that failed", async () => {
  await using pair = await Pair.start({ there: { a: "1", b: "2", "d/e": "3" } });
  const ran = await pair.run("GET nosuch a d none* b 'no:such'", ["--json"]);
  expect([5, 6]).toContain(ran.status);
  expect(pair.held).toEqual({ a: "1", b: "2" });
  const failed = eventsOf(ran.stdout).filter(
    ({ event, path }) => event === "failed" && path !== undefined,
  );
  expect(failed.map(({ path, status }) => `${String(path)} ${String(status)}`).toSorted()).toEqual([
    "d 6",
    "no:such 6",
    "none* 5",
    "nosuch 5",
  ]);
  expect(ran.stderr).toMatch(/GET nosuch and 5 more: 2 files, .*, 4 failed/);
});

test("a listing is not lost where another file of the same command is cancelled", async () => {
  await using pair = await Pair.start({ there: { ...small(200), "e/x": "1", "e/y": "2" } });
  writeRandom(pair.there("d/large"), 40 * BLOCK);
  mkdirSync(pair.here("d/large"), { recursive: true });
  for (let turn = 0; turn < 3; turn++) {
    const ran = await pair.run("GET -r d e d/f1 e");
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain("1 failed");
    expect(pair.held).toMatchObject({ ...small(200), "e/x": "1", "e/y": "2" });
    rmSync(pair.here("e"), { recursive: true });
  }
});

test("a file that vanishes, or cannot be read, stops none of the others", async () => {
  using folder = new TemporaryFolder();
  const names = Array.from({ length: 20 }, (_, n) => `f${n}`);
  const content = Buffer.from("content");
  await using server = await HostileServer.start(async (victim) => {
    await victim.send(GREETING);
    for (;;) {
      const [verb, path = ""] = (await victim.line()).split(" ");
      if (verb === "LIST") {
        const lines = names.map((name) =>
          JSON.stringify({ path: name, type: "file", size: 7, mtime: 1 }),
        );
        const block = Buffer.from(`${lines.join("\n")}\n`);
        await victim.send("150\n", `+${block.length} ${blockDigest(block)}\n`, block, "226\n");
      } else if (verb === "GET") {
        if (path === "f3") await victim.send("550 not-found It is gone\n");
        else if (path === "f5") await victim.send("450 changed It changed\n");
        else if (path === "f7")
          await victim.send(announce(7), body(content), "450 changed It changed\n");
        else if (path === "f9") await victim.send("553 denied No\n");
        else if (path === "f11")
          await victim.send(
            announce(7),
            body(content),
            `226 digest=${fileDigest(Buffer.from("x"))}\n`,
          );
        else await victim.send(goodFile(content));
      } else await victim.send(verb === "ABORT" ? "225\n" : "221\n");
    }
  });
  const ran = await connect(folder.join("client"), server.port, "GET -r .", "--json");
  expect(ran.status).toBe(5);
  const bad = new Set(["f3", "f5", "f7", "f9", "f11"]);
  const good = names.filter((name) => !bad.has(name));
  expect(Object.keys(contentsOf(folder.join("client")))).toEqual(good.toSorted());
  const failed = eventsOf(ran.stdout).filter(
    ({ event, path }) => event === "failed" && path !== undefined,
  );
  expect(Object.fromEntries(failed.map(({ path, status }) => [path, status]))).toEqual({
    f3: 5,
    f5: 1,
    f7: 1,
    f9: 6,
    f11: 8,
  });
});

/**
 * A server on which a mirror finds `listed` and whose digests are those of `content`.
 * @param onLine says whether the answer to this line waits until that to a later one may be sent
 */
function mirrored(
  listed: readonly string[],
  content: Buffer,
  pipeline: number,
  onLine: (line: string) => boolean,
): Promise<HostileServer> {
  return HostileServer.start(async (victim) => {
    await victim.send(GREETING.replace("1024", String(pipeline)));
    const waiting: string[] = [];
    for (;;) {
      const line = await victim.line();
      const [verb] = line.split(" ");
      const waits = onLine(line);
      if (verb === "LIST" && listed.length === 0) await victim.send("550 not-found None\n");
      else if (verb === "LIST") {
        const lines = listed.map((path) =>
          JSON.stringify({ path, type: "file", size: content.length, mtime: 1 }),
        );
        const block = Buffer.from(`${lines.join("\n")}\n`);
        await victim.send("150\n", `+${block.length} ${blockDigest(block)}\n`, block, "226\n");
      } else if (verb === "PUT") {
        await victim.until("END");
        await victim.send(`226 size=${content.length} digest=${fileDigest(content)}\n`);
      } else if (verb === "STAT") {
        waiting.push(`213 type=file size=0 mtime=1 digest=${fileDigest(content)}\n`);
        if (!waits) await victim.send(...waiting.splice(0));
      } else if (verb === "GET") await victim.send(goodFile(content));
      else if (verb === "MKDIR") await victim.send("250\n");
      else await victim.send(verb === "ABORT" ? "225\n" : "221\n");
    }
  });
}

test("a file of this side that goes before its turn fails alone", async () => {
  using folder = new TemporaryFolder();
  const names = Array.from({ length: 20 }, (_, n) => `f${n}`);
  writeTree(
    folder.join("client"),
    Object.fromEntries(names.map((name) => [`d/${name}`, CONTENT.toString()])),
  );
  let gone: string | undefined;
  // One request at a time: when the first is sent, the others were listed and not opened.
  await using server = await mirrored([], CONTENT, 2, (line) => {
    const [, sent] = /^PUT d\/(f\d+)/.exec(line) ?? [];
    if (sent === undefined || gone !== undefined) return false;
    gone = names.find((name) => name !== sent);
    rmSync(folder.join("client/d", gone ?? ""));
    return false;
  });
  const ran = await connect(folder.join("client"), server.port, "-MIRROR -R d; GET d/x", "--json");
  expect(ran.status).toBe(0);
  const events = eventsOf(ran.stdout);
  expect(events.find(({ event }) => event === "finished")).toMatchObject({ files: 19, failed: 1 });
  expect(events.find(({ event }) => event === "failed")).toMatchObject({
    path: `d/${gone ?? ""}`,
    status: 5,
  });
});

/** More than a client has under way at once, so that the last are not begun with the first. */
const FILES = 600;

test("digests that cannot be made on this side fail alone, and every reply is still its own", async () => {
  using folder = new TemporaryFolder();
  const names = Array.from({ length: FILES }, (_, n) => `f${n}`);
  writeTree(
    folder.join("client"),
    Object.fromEntries(names.map((name) => [`d/${name}`, CONTENT.toString()])),
  );
  const asked = new Set<string>();
  let gone: string[] | undefined;
  const listed = names.map((name) => `d/${name}`);
  await using server = await mirrored(listed, CONTENT, 1024, (line) => {
    const [, name] = /^STAT d\/(f\d+) digest=1/.exec(line) ?? [];
    if (name === undefined || gone !== undefined) return false;
    asked.add(name);
    if (asked.size < 8) return true;
    // These were listed, and their turn has not come: the last in the order of the folder.
    gone = readdirSync(folder.join("client/d")).slice(-30);
    for (const other of gone) rmSync(folder.join("client/d", other));
    return false;
  });
  const reader = await connect(
    folder.join("client"),
    server.port,
    "-MIRROR -R --checksum d; GET d/x",
    "--json",
  );
  expect(reader.status).toBe(0);
  const events = eventsOf(reader.stdout);
  const finished = events.find(({ event }) => event === "finished");
  const failed = events.filter(({ event, path }) => event === "failed" && path !== undefined);
  expect(failed.length).toBeGreaterThan(0);
  expect(
    failed.every(({ path, status }) => status === 5 && gone?.includes(String(path).slice(2))),
  ).toBe(true);
  expect(finished).toMatchObject({
    files: 0,
    skipped: FILES - failed.length,
    failed: failed.length,
  });
});

test.each([
  // Small ones are asked for together, and what could not be had that way by itself.
  [7, 2],
  [100_000, 1],
])("what is cancelled together with another is asked for again: %d bytes", async (size, most) => {
  using folder = new TemporaryFolder();
  mkdirSync(folder.join("client/blocked/sub"), { recursive: true });
  const names = Array.from({ length: 50 }, (_, n) => `f${n}`);
  const entries = ["blocked", ...names].map((path) => ({ path, type: "file", size, mtime: 1 }));
  let aborts = 0;
  await using server = await HostileServer.start(async (victim) => {
    await victim.send(GREETING);
    let owed: number | undefined;
    for (;;) {
      const line = await victim.line();
      if (line.startsWith("LIST")) {
        const block = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
        await victim.send("150\n", `+${block.length} ${blockDigest(block)}\n`, block, "226\n");
      } else if (line === "GET blocked") {
        // It has grown since it was listed, so that it is not worth being read to its end.
        owed = 1;
        await victim.send(announce(40 * 1024 * 1024));
      } else if (line === "ABORT") {
        aborts++;
        await victim.send("426 aborted Cancelled\n".repeat(owed ?? 0), "225\n");
        owed = undefined;
      } else if (line.startsWith("GET")) {
        if (owed === undefined) await victim.send(goodFile(Buffer.from("content")));
        else owed++;
      } else await victim.send("221\n");
    }
  });
  const ran = await connect(folder.join("client"), server.port, "GET -r .");
  expect(ran.status).toBe(6);
  expect(ran.stderr).toContain("50 files");
  expect(aborts).toBe(most);
  expect(
    Object.keys(contentsOf(folder.join("client"))).filter((name) => name.startsWith("f")),
  ).toEqual(names.toSorted());
});
