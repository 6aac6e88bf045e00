import { expect, test } from "bun:test";
import { GREETING } from "../../support/hostile-server.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";
import { block, blockDigest, fileDigest } from "../../support/wire.ts";

const WRONG = "0123456789abcdef";

/** What a server sends of a file. */
function sent(content: string, digests: { readonly block?: string; readonly file?: string } = {}) {
  const bytes = Buffer.from(content);
  const header = `+${bytes.length} ${digests.block ?? blockDigest(bytes)}\n`;
  const body = bytes.length === 0 ? "" : `${header}${content}`;
  const file = digests.file ?? fileDigest(bytes);
  return `150 size=${bytes.length} mtime=1700000000123 offset=0\n${body}226 digest=${file}\n`;
}

test("of many small files the ones that come wrong are told of, and all others are stored", async () => {
  using folder = new TemporaryFolder();
  const names = Array.from({ length: 100 }, (_, index) => `f${index}`);
  const answers: Record<string, string> = {
    f3: sent("damaged", { block: WRONG }),
    f5: "550 not-found There is no file t/f5\n",
    f7: sent("damaged too", { file: WRONG }),
    f9: sent("grown ".repeat(4000)),
    f11: sent(""),
  };
  const asked = new Map<string, number>();
  await using server = await PlayedServer.start((got) => {
    if (got === undefined) return GREETING;
    const [verb, path = ""] = got.split(" ");
    if (verb === "LIST") {
      const entries = names.map((name) =>
        JSON.stringify({ path: `t/${name}`, type: "file", size: 7, mtime: 0 }),
      );
      const listing = Buffer.from(`${entries.join("\n")}\n`);
      return Buffer.concat([Buffer.from("150\n"), block(listing), Buffer.from("226\n")]);
    }
    if (verb === "GET") {
      const name = path.replace("t/", "");
      asked.set(name, (asked.get(name) ?? 0) + 1);
      return answers[name] ?? sent(`content of ${name}`);
    }
    return verb === "QUIT" ? "221\n" : "225\n";
  });
  const ran = await connect(folder.join("client"), server.port, "GET -r t");
  expect(ran.stderr).toContain("97 files");
  expect(ran.stderr).toContain("3 failed");
  for (const name of ["f3", "f5", "f7"]) expect(ran.stderr).toContain(`GET t/${name}:`);
  // What is refused is told before what came wrong, which is asked for once more.
  expect(ran.status).toBe(5);
  const good = names.filter((name) => !["f3", "f5", "f7"].includes(name));
  const contents = good.map((name) => {
    if (name === "f9") return [`t/${name}`, "grown ".repeat(4000)];
    return [`t/${name}`, name === "f11" ? "" : `content of ${name}`];
  });
  expect(contentsOf(folder.join("client"))).toEqual({
    "t/": "",
    ...Object.fromEntries(contents),
  });
  // Those that came right were asked for once.
  expect(good.filter((name) => name !== "f9").every((name) => asked.get(name) === 1)).toBe(true);
});

test("small files whose replies are lost are asked for before any is sent again", async () => {
  using folder = new TemporaryFolder();
  const names = Array.from({ length: 60 }, (_, index) => `f${String(index).padStart(2, "0")}`);
  const files = Object.fromEntries(names.map((name) => [`t/${name}`, `content of ${name}`]));
  writeTree(folder.join("client"), files);
  const stored = new Map<string, string>();
  const puts: string[] = [];
  let connections = 0;
  let current = "";
  await using server = await PlayedServer.start((got, socket) => {
    if (got === undefined) {
      connections++;
      return GREETING;
    }
    const [verb, path = "", ...keys] = got.split(" ");
    if (verb === "PUT") {
      current = path;
      puts.push(path);
    }
    // Contents have no line end: END follows them on their line.
    const digest = /END digest=([0-9a-f]{16})$/.exec(got)?.[1];
    if (digest !== undefined) {
      const size = `content of ${current.slice(-3)}`.length;
      if (connections > 1 || stored.size < 20) {
        stored.set(current, digest);
        // Of ten it tells, of the next ten nobody hears.
        return connections > 1 || stored.size <= 10 ? `226 size=${size} digest=${digest}\n` : "";
      }
      socket.destroy();
      return "";
    }
    if (verb === "STAT" && keys.includes("digest=1")) {
      const there = stored.get(path);
      return there === undefined
        ? "550 not-found Nothing\n"
        : `213 type=file size=14 mtime=0 digest=${there}\n`;
    }
    if (verb === "STAT") return "213 type=folder size=0 mtime=0\n";
    if (verb === "MKDIR") return "553 exists It is there\n";
    return verb === "QUIT" ? "221\n" : "";
  });
  const ran = await connect(folder.join("client"), server.port, "PUT -r t", "--retries", "3");
  expect(ran.stderr).toContain("60 files");
  expect(ran.status).toBe(0);
  expect(connections).toBe(2);
  expect([...stored.keys()].toSorted()).toEqual(names.map((name) => `t/${name}`));
  // What was stored is sent once, whether its reply came or not.
  const before = [...stored.keys()].slice(0, 20);
  for (const path of before) expect(puts.filter((put) => put === path)).toEqual([path]);
});
