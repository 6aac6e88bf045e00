import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { Pair } from "../../support/pair.ts";

const THERE = { "x.txt": "0", "a/x.txt": "1", "a/y.txt": "2", "a/b/z.txt": "3", "c/w.txt": "4" };

/** The files of contents by path. */
function filesOf(contents: Readonly<Record<string, string>>): string[] {
  return Object.keys(contents).filter((name) => !name.endsWith("/"));
}

test.each<[string, string[]]>([
  ["CD a; GET x.txt", ["x.txt"]],
  ["CD a; GET *.txt", ["x.txt", "y.txt"]],
  ["CD a; GET b/z.txt", ["b/z.txt"]],
  ["CD a; GET /c/w.txt", ["c/w.txt"]],
  ["CD a; GET ../c/w.txt", ["w.txt"]],
  ["CD a; GET ../c/*", ["w.txt"]],
  ["CD a; GET -r .", ["b/z.txt", "x.txt", "y.txt"]],
  ["CD a; GET -r ../c", ["c/w.txt"]],
  ["CD a/b; GET -r .. to", ["to/b/z.txt", "to/x.txt", "to/y.txt"]],
  ["CD a; GET **/*.txt to/", ["to/b/z.txt", "to/x.txt", "to/y.txt"]],
  ["CD a; MIRROR b", ["b/z.txt"]],
  ["CD a; MIRROR . m", ["m/b/z.txt", "m/x.txt", "m/y.txt"]],
  ["LCD in; GET x.txt a/y.txt c/w.txt", ["in/a/y.txt", "in/c/w.txt", "in/x.txt"]],
  ["LCD in; GET -r a", ["in/a/b/z.txt", "in/a/x.txt", "in/a/y.txt"]],
  ["LCD in; GET a/x.txt ..", ["x.txt"]],
  ["LCD in; GET *.txt ../to/", ["to/x.txt"]],
  ["LCD in; CD a; MIRROR b .", ["in/z.txt"]],
])("%s gets what is meant there", async (line, names) => {
  await using pair = await Pair.start({ there: THERE });
  mkdirSync(pair.here("in"), { recursive: true });
  const ran = await pair.run(line);
  expect(ran.status).toBe(0);
  expect(filesOf(pair.held)).toEqual(names);
});

test.each<[string, string[]]>([
  ["CD in; PUT x.txt", ["in/x.txt"]],
  ["CD in; PUT a/x.txt", ["in/a/x.txt"]],
  ["CD in; PUT a/*.txt to/", ["in/to/x.txt", "in/to/y.txt"]],
  ["CD in; PUT x.txt /", ["x.txt"]],
  ["CD in; PUT -r a", ["in/a/b/z.txt", "in/a/x.txt", "in/a/y.txt"]],
  [
    "CD in; PUT -r . ../to",
    ["a/b/z.txt", "a/x.txt", "a/y.txt", "c/w.txt", "x.txt"].map((n) => `to/${n}`),
  ],
  ["CD in; MIRROR -R a", ["in/a/b/z.txt", "in/a/x.txt", "in/a/y.txt"]],
  ["LCD a; PUT x.txt", ["x.txt"]],
  ["LCD a; PUT *", ["x.txt", "y.txt"]],
  ["LCD a; PUT ../c/w.txt ../x.txt y.txt", ["w.txt", "x.txt", "y.txt"]],
  ["LCD a; PUT ../c/*", ["w.txt"]],
  ["LCD a; PUT -r .", ["b/z.txt", "x.txt", "y.txt"]],
  ["LCD a; MIRROR -R . m", ["m/b/z.txt", "m/x.txt", "m/y.txt"]],
])("%s puts what is meant here", async (line, names) => {
  await using pair = await Pair.start({ here: THERE });
  mkdirSync(pair.there("in"), { recursive: true });
  const ran = await pair.run(line);
  expect(ran.status).toBe(0);
  expect(filesOf(pair.served)).toEqual(names);
});

test("a connection that is made again is still in the same folder", async () => {
  await using pair = await Pair.start({ there: THERE });
  await using proxy = await FaultyProxy.start(pair.server.port, {
    toServer: { beforeLine: /^GET/, do: "cut" },
  });
  const ran = await pair.runAt(proxy.port, "CD a; GET *.txt; GET b/z.txt", [], {
    env: { SFTP_RETRIES: "5" },
  });
  expect(ran.status).toBe(0);
  expect(ran.stderr).toContain("trying again");
  expect(filesOf(pair.held)).toEqual(["b/z.txt", "x.txt", "y.txt"]);
});
