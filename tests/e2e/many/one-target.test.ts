import { expect, test } from "bun:test";
import { Pair } from "../../support/pair.ts";
import { BINARY, cleanEnvironment } from "../../support/programs.ts";

const FILES = { "A/f": "1", "B/f": "2", "B/g": "3" };

test.each([
  ["A/f B/f k/", "B/f: A/f goes to k/f already", { "k/f": "1" }],
  ["A/f B/f B/g k/", "B/f: A/f goes to k/f already", { "k/f": "1", "k/g": "3" }],
  ["-r A/. B/. k/", "B/f: A/f goes to k/f already", { "k/f": "1", "k/g": "3" }],
  ["-n A/f B/f k/", "B/f: A/f goes to k/f already", {}],
  ["A/f A/f k/", "", { "k/f": "1" }],
  ["A/* B/*", "", FILES],
])("of two files with one target, the second is refused: %s", async (words, message, moved) => {
  for (const way of ["GET", "PUT"] as const) {
    await using pair = await Pair.start(way === "GET" ? { there: FILES } : { here: FILES });
    const ran = await pair.run(`${way} ${words}`);
    expect(ran.status).toBe(message === "" ? 0 : 6);
    expect(ran.stderr).toContain(message);
    const target = Object.entries(way === "GET" ? pair.held : pair.served);
    expect(Object.fromEntries(target.filter(([name]) => !name.endsWith("/")))).toEqual(moved);
  }
});

test.each(["GET", "PUT"] as const)("%s of a pattern: of each name only one comes", async (way) => {
  await using pair = await Pair.start(way === "GET" ? { there: FILES } : { here: FILES });
  const ran = await pair.run(`${way} */f k/`);
  expect(ran.status).toBe(6);
  expect(ran.stderr).toMatch(/[AB]\/f: [AB]\/f goes to k\/f already/);
  const target = way === "GET" ? pair.held : pair.served;
  expect(["1", "2"]).toContain(target["k/f"] ?? "");
});

test.each([
  ["of one folder", 1],
  ["each of its own folder", 600],
])("600 absolute names %s go where 256 files may be open", async (_, folders) => {
  const names = Array.from({ length: 600 }, (__, n) => `d${n % folders}/f${n}`);
  await using pair = await Pair.start({});
  for (const name of names) await Bun.write(pair.folder.join("else", name), name);
  const words = names.map((name) => pair.folder.join("else", name)).join(" ");
  const script = `ulimit -n 256; exec "$0" connect ${pair.server.port} --root ${pair.here()} -c "$1"`;
  const child = Bun.spawn(["bash", "-c", script, BINARY, `PUT ${words} x/`], {
    env: cleanEnvironment({}),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await new Response(child.stderr).text();
  expect(stderr).toContain("600 files");
  expect(await child.exited).toBe(0);
  const served = Object.keys(pair.served).filter((name) => !name.endsWith("/"));
  expect(served.length).toBe(600);
});
