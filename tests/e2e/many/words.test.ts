import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { Pair } from "../../support/pair.ts";
import { contentsOf, factsOf, writeTree } from "../../support/trees.ts";

const FILES = {
  "a.csv": "1",
  "b.csv": "2",
  "c.txt": "3",
  "d e.txt": "4",
  "a*": "star",
  ".hidden": "5",
  "-r": "6",
  "logs/x.gz": "7",
  "logs/deep/y.gz": "8",
  "logs/deep/z.txt": "9",
  "logs/.git/w.gz": "10",
  "photos/p.jpg": "11",
  "photos/.thumb": "12",
  "photos/sub/q.jpg": "13",
  "videos/p.jpg": "14",
} as const;

/** Folders that hold nothing, and those that do, are left out. */
function filesOf(contents: Readonly<Record<string, string>>): string[] {
  return Object.keys(contents).filter((name) => !name.endsWith("/"));
}

/** What each command moves, and what it is called then; the target side has `pics/` and `old`. */
const MOVES: [string, string[]][] = [
  ["VERB a.csv", ["a.csv"]],
  ["VERB logs/x.gz", ["logs/x.gz"]],
  ["VERB a.csv new", ["new"]],
  ["VERB a.csv old", ["old"]],
  ["VERB a.csv pics", ["pics/a.csv"]],
  ["VERB a.csv pics/", ["pics/a.csv"]],
  ["VERB logs/x.gz fresh/", ["fresh/x.gz"]],
  ["VERB logs/x.gz fresh/y", ["fresh/y"]],
  ["VERB a.csv b.csv c.txt", ["a.csv", "b.csv", "c.txt"]],
  ["VERB a.csv logs/x.gz c.txt", ["a.csv", "c.txt", "logs/x.gz"]],
  ["VERB a.csv logs/x.gz fresh/", ["fresh/a.csv", "fresh/x.gz"]],
  ["VERB *.csv", ["a.csv", "b.csv"]],
  ["VERB [a-b].csv", ["a.csv", "b.csv"]],
  ["VERB [!a].csv", ["b.csv"]],
  ["VERB ?.csv fresh/", ["fresh/a.csv", "fresh/b.csv"]],
  ["VERB *.csv *.txt fresh/", ["a.csv", "b.csv", "c.txt", "d e.txt"].map((n) => `fresh/${n}`)],
  ["VERB 'a*'", ["a*"]],
  ["VERB 'a*' b*", ["a*", "b.csv"]],
  ["VERB 'd e.txt'", ["d e.txt"]],
  ["VERB d\\ e.txt 'e f'", ["e f"]],
  ["VERB d*", ["d e.txt"]],
  ["VERB -- -r", ["-r"]],
  ["VERB -- -*", ["-r"]],
  ["VERB *", ["-r", "a*", "a.csv", "b.csv", "c.txt", "d e.txt"]],
  ["VERB .*", [".hidden"]],
  ["VERB */p.jpg", ["photos/p.jpg", "videos/p.jpg"]],
  ["VERB logs/*", ["logs/x.gz"]],
  ["VERB logs/**/*.gz", ["logs/deep/y.gz", "logs/x.gz"]],
  ["VERB logs/**/*.gz fresh/", ["fresh/deep/y.gz", "fresh/x.gz"]],
  ["VERB **/*.jpg", ["photos/p.jpg", "photos/sub/q.jpg", "videos/p.jpg"]],
  ["VERB */deep/y.gz fresh/", ["fresh/y.gz"]],
  ["VERB -r photos", ["photos/.thumb", "photos/p.jpg", "photos/sub/q.jpg"]],
  ["VERB -r photos/", ["photos/.thumb", "photos/p.jpg", "photos/sub/q.jpg"]],
  ["VERB -r photos gone", ["gone/.thumb", "gone/p.jpg", "gone/sub/q.jpg"]],
  ["VERB -r photos pics", ["pics/photos/.thumb", "pics/photos/p.jpg", "pics/photos/sub/q.jpg"]],
  ["VERB -r photos gone/", ["gone/photos/.thumb", "gone/photos/p.jpg", "gone/photos/sub/q.jpg"]],
  [
    "VERB -r photos videos x/",
    ["photos/.thumb", "photos/p.jpg", "photos/sub/q.jpg", "videos/p.jpg"].map((n) => `x/${n}`),
  ],
  ["VERB -r logs/deep", ["logs/deep/y.gz", "logs/deep/z.txt"]],
  ["VERB -r logs/deep fresh/", ["fresh/deep/y.gz", "fresh/deep/z.txt"]],
  ["VERB -r photos/. fresh/", ["fresh/.thumb", "fresh/p.jpg", "fresh/sub/q.jpg"]],
  ["VERB -r photos/. fresh", ["fresh/.thumb", "fresh/p.jpg", "fresh/sub/q.jpg"]],
  ["VERB -r p*", ["photos/.thumb", "photos/p.jpg", "photos/sub/q.jpg"]],
  ["VERB -r */sub fresh/", ["fresh/sub/q.jpg"]],
  ["VERB -r a.csv", ["a.csv"]],
  ["VERB -r a.csv new", ["new"]],
  ["VERB -r a.csv pics", ["pics/a.csv"]],
  ["VERB -r .", Object.keys(FILES)],
  ["VERB -r /", Object.keys(FILES)],
  ["VERB -r . whole", Object.keys(FILES).map((name) => `whole/${name}`)],
  ["VERB -r . whole/", Object.keys(FILES).map((name) => `whole/${name}`)],
  ["VERB -u a.csv new", ["new"]],
  ["MVERB a.csv b.csv", ["a.csv", "b.csv"]],
  ["MVERB a.csv", ["a.csv"]],
  ["MVERB *.csv fresh/", ["fresh/a.csv", "fresh/b.csv"]],
];

describe.each(["GET", "PUT"] as const)("%s", (verb) => {
  test.each(MOVES.filter(([line]) => verb === "GET" || !line.endsWith(" /")))(
    `%s`,
    async (line, names) => {
      const target = { old: "old" };
      await using pair = await Pair.start(
        verb === "GET" ? { there: FILES, here: target } : { there: target, here: FILES },
      );
      mkdirSync(verb === "GET" ? pair.here("pics") : pair.there("pics"));
      const ran = await pair.run(line.replace("VERB", verb));
      expect(ran).toMatchObject({ status: 0, stdout: "" });
      const arrived = verb === "GET" ? pair.held : pair.served;
      const expected = new Set([...names, "old"]);
      expect(filesOf(arrived)).toEqual([...expected].toSorted());
      const last = (name: string): string => name.replace(/^.*\//, "");
      for (const name of names) {
        const source = Object.entries(FILES).find(([from]) => last(from) === last(name));
        if (source !== undefined && last(name) !== "p.jpg") expect(arrived[name]).toBe(source[1]);
      }
    },
  );

  test.each([
    "VERB nosuch*",
    "VERB *.none fresh/",
    "VERB photos/sub/deeper/*",
    "VERB '*.csv'",
    "VERB nosuch",
    "VERB -r nosuch",
    "VERB nosuch a.csv/",
    "VERB [d-z].csv",
    "VERB no/*",
  ])("%s finds nothing: status 5", async (line) => {
    await using pair = await Pair.start(verb === "GET" ? { there: FILES } : { here: FILES });
    const ran = await pair.run(line.replace("VERB", verb));
    expect(ran.status).toBe(5);
    expect(filesOf(verb === "GET" ? pair.held : pair.served)).toEqual([]);
  });

  test.each(["VERB photos", "VERB p*", "VERB */sub", "VERB -u photos"])(
    "%s takes no folder without -r: status 6, and says so",
    async (line) => {
      await using pair = await Pair.start(verb === "GET" ? { there: FILES } : { here: FILES });
      const ran = await pair.run(line.replace("VERB", verb));
      expect(ran.status).toBe(6);
      expect(ran.stderr).toMatch(/folder/);
      expect(filesOf(verb === "GET" ? pair.held : pair.served)).toEqual([]);
    },
  );

  test("says how many folders a pattern has left out", async () => {
    await using pair = await Pair.start(verb === "GET" ? { there: FILES } : { here: FILES });
    const ran = await pair.run(`${verb} *`);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain("6 files");
    expect(ran.stderr).toContain("3 folders left out (-r takes them)");
  });

  test("-r makes empty folders, with a name of their own too", async () => {
    await using pair = await Pair.start({});
    const [from, to] = verb === "GET" ? [pair.there, pair.here] : [pair.here, pair.there];
    mkdirSync(from.call(pair, "a/b/c"), { recursive: true });
    mkdirSync(from.call(pair, "d"));
    const ran = await pair.run(`${verb} -r a; ${verb} -r d e; ${verb} -r d f/`);
    expect(ran.status).toBe(0);
    expect(Object.keys(contentsOf(to.call(pair)))).toEqual([
      "a/",
      "a/b/",
      "a/b/c/",
      "e/",
      "f/",
      "f/d/",
    ]);
  });
});

describe("PUT of what lies elsewhere", () => {
  const OUT = { "x.csv": "1", "y.csv": "2", "tree/z": "3", "tree/more/w": "4" };

  test.each<[string, string[]]>([
    ["PUT OUT/x.csv", ["x.csv"]],
    ["PUT OUT/*.csv", ["x.csv", "y.csv"]],
    ["PUT OUT/*.csv to/", ["to/x.csv", "to/y.csv"]],
    ["PUT ~/*.csv", ["x.csv", "y.csv"]],
    ["PUT ~/x.csv", ["x.csv"]],
    ["PUT ../out/x.csv", ["x.csv"]],
    ["PUT ../out/*.csv", ["x.csv", "y.csv"]],
    ["PUT ../out/x.csv ~/y.csv to/", ["to/x.csv", "to/y.csv"]],
    ["PUT -r OUT/tree", ["tree/more/w", "tree/z"]],
    ["PUT -r ~", ["out/tree/more/w", "out/tree/z", "out/x.csv", "out/y.csv"]],
    ["PUT -r ../out/tree to", ["to/more/w", "to/z"]],
    ["PUT OUT/**/*", ["tree/more/w", "tree/z", "x.csv", "y.csv"]],
    ["PUT OUT/tree/* to/", ["to/z"]],
    // In the client's folder, but named as what lies elsewhere.
    ["PUT ROOT/in/i.csv", ["i.csv"]],
    ["PUT ROOT/in/*.csv", ["i.csv"]],
    ["PUT ../client/in/*.csv", ["i.csv"]],
  ])("%s keeps the last part of each name", async (line, names) => {
    await using pair = await Pair.start({ here: { "in/i.csv": "5" } });
    writeTree(pair.folder.join("out"), OUT);
    const command = line.replace("OUT", pair.folder.join("out")).replace("ROOT", pair.here());
    const ran = await pair.run(command, [], { env: { HOME: pair.folder.join("out") } });
    expect(ran.status).toBe(0);
    expect(filesOf(pair.served)).toEqual(names);
  });
});

describe("GET to elsewhere", () => {
  test.each<[string, string[]]>([
    ["GET a.csv OUT", ["a.csv"]],
    ["GET a.csv OUT/new", ["new"]],
    ["GET a.csv OUT/made/", ["made/a.csv"]],
    ["GET *.csv OUT/", ["a.csv", "b.csv"]],
    ["GET *.csv ~/far/off/", ["far/off/a.csv", "far/off/b.csv"]],
    ["GET -r photos OUT/pics", ["pics/.thumb", "pics/p.jpg", "pics/sub/q.jpg"]],
    ["GET -r photos ../out", ["photos/.thumb", "photos/p.jpg", "photos/sub/q.jpg"]],
  ])("%s", async (line, names) => {
    await using pair = await Pair.start({ there: FILES });
    const out = pair.folder.join("out");
    mkdirSync(out);
    const ran = await pair.run(line.replace("OUT", out), [], { env: { HOME: out } });
    expect(ran.status).toBe(0);
    expect(filesOf(contentsOf(out))).toEqual(names);
    expect(filesOf(pair.held)).toEqual([]);
  });
});

test("times, contents and the right to execute come with each file, both ways", async () => {
  await using pair = await Pair.start({ there: FILES });
  expect((await pair.run("GET -r . one; PUT -r one two")).status).toBe(0);
  const facts = factsOf(pair.there()).filter((fact) => !fact.startsWith("two"));
  expect(factsOf(pair.here("one"))).toEqual(facts);
  expect(factsOf(pair.there("two"))).toEqual(facts);
});

test.each(["GET", "PUT"])("%s of nothing at all says what it needs", async (verb) => {
  await using pair = await Pair.start({});
  const ran = await pair.run(verb);
  expect(ran.status).toBe(2);
  expect(ran.stderr).toContain(`${verb} needs more`);
});
