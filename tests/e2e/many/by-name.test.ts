import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { publishedUnder } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { writeTree } from "../../support/trees.ts";

/** Made in no order: what a disk gives is none either. */
const NAMES = Array.from({ length: 100 }, (_, index) => `f${(index * 37 + 100) % 1000}`);
const files = Object.fromEntries(NAMES.map((name) => [name, "x"]));

test.each([
  ["put -n *", "client"],
  ["get -n *", "server"],
  ["put -rn .", "client"],
  ["get -rn .", "server"],
])("%s goes by name", async (line, side) => {
  using folder = new TemporaryFolder();
  for (const each of ["client", "server"]) mkdirSync(folder.join(each));
  writeTree(folder.join(side), files);
  await using server = await ServerProcess.start(folder.join("server"));
  const ran = await connect(folder.join("client"), server.port, line);
  const told = [...ran.stderr.matchAll(/^Would \w+ (\S+) /gm)].map(([, name]) => name);
  expect(told).toEqual(NAMES.toSorted());
});

test("what a quota has no room for of a pattern is what comes last by name", async () => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("client"), files);
  mkdirSync(folder.join("server"));
  await using server = await ServerProcess.start(folder.join("server"), ["--quota", "20"]);
  await connect(folder.join("client"), server.port, "put f*");
  expect(publishedUnder(folder.join("server")).toSorted()).toEqual(NAMES.toSorted().slice(0, 20));
});
