import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";

async function ran(line: string) {
  using folder = new TemporaryFolder();
  const names = Array.from({ length: 4 }, (_, index) => `t/d${index}/f`);
  writeTree(folder.join("server"), Object.fromEntries(names.map((name) => [name, name])));
  mkdirSync(folder.join("client"));
  await using server = await ServerProcess.start(folder.join("server"));
  const { stderr, status } = await connect(folder.join("client"), server.port, line);
  return { stderr, status, here: contentsOf(folder.join("client")) };
}

test.each(["get -r t &", "ls | head", "ls > x", "ls 2> x", "lls && lls"])(
  "%s says that there are no pipes, redirections or jobs",
  async (line) => {
    const { stderr, status, here } = await ran(line);
    expect(stderr).toMatch(/There are no pipes, redirections or jobs here: quotes make a name of /);
    expect(status).toBe(2);
    expect(here).toEqual({});
  },
);

test("a name that begins with a dash is told how to be typed", async () => {
  expect((await ran("get -dash.txt")).stderr).toContain("; ./-dash.txt is a name\n");
  expect((await ran("get -x t")).stderr).not.toContain("is a name");
});

test("a pattern that matches folders alone is told of once", async () => {
  const { stderr } = await ran("get t/*");
  expect(stderr.match(/-r takes them/g)).toHaveLength(1);
});

test("of files that meet it is told how they keep their folders", async () => {
  const { stderr, here } = await ran("get t/d*/f out/");
  expect(stderr).toContain("keeps the folders that its files lie in, such as t/**/f\n");
  expect(here).toEqual({ "out/": "", "out/f": "t/d0/f" });
  expect((await ran("get t/**/f out/")).here).toMatchObject({ "out/d3/f": "t/d3/f" });
});

test("what cannot be stored for want of its folder says so", async () => {
  const { stderr } = await ran("get t/d0/f /proc/x");
  expect(stderr).toContain("the folder that it goes to is gone, or takes no new files");
});
