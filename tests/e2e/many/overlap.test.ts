import { expect, test } from "bun:test";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";

const HERE = { f: "1", "d/g": "2", "d/e/h": "3" };
const THERE = { old: "4", "o/p": "5" };

/** What a tree is called behind a folder. */
function under(folder: string, files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]),
  );
}

/** A server and a client in one folder, side by side. */
async function sideBySide(): Promise<{ folder: TemporaryFolder; server: ServerProcess }> {
  const folder = new TemporaryFolder();
  writeTree(folder.join("server"), THERE);
  writeTree(folder.join("client"), HERE);
  return { folder, server: await ServerProcess.start(folder.join("server")) };
}

function filesOf(folder: string): Record<string, string> {
  const all = Object.entries(contentsOf(folder));
  return Object.fromEntries(all.filter(([name]) => !name.endsWith("/")));
}

test("PUT -r of a folder that the server's root is in sends what it held before", async () => {
  const { folder, server } = await sideBySide();
  using _ = folder;
  await using __ = server;
  expect((await connect(folder.join("client"), server.port, "PUT -r .. x")).status).toBe(0);
  expect(filesOf(folder.join("server"))).toEqual({
    ...THERE,
    ...under("x/client", HERE),
    ...under("x/server", THERE),
  });
});

test("PUT of several words sends what all of them held before the first was sent", async () => {
  const { folder, server } = await sideBySide();
  using _ = folder;
  await using __ = server;
  const ran = await connect(folder.join("client"), server.port, "PUT -r d ../server **/*h x/");
  expect(ran.status).toBe(0);
  expect(filesOf(folder.join("server"))).toEqual({
    ...THERE,
    "x/d/g": "2",
    "x/d/e/h": "3",
    ...under("x/server", THERE),
  });
});

test("MIRROR -R --delete of a folder that the server's root is in ends as it was before", async () => {
  const { folder, server } = await sideBySide();
  using _ = folder;
  await using __ = server;
  const ran = await connect(folder.join("client"), server.port, "MIRROR -R --delete .. /");
  expect(ran.status).toBe(0);
  expect(filesOf(folder.join("server"))).toEqual({
    ...under("client", HERE),
    ...under("server", THERE),
  });
});

test.each(["GET -r / x", "MIRROR / x"])(
  "%s into a folder of the server itself brings what it held before",
  async (line) => {
    using folder = new TemporaryFolder();
    const wide = Object.fromEntries(
      Array.from({ length: 3000 }, (_, n) => [`many/d${n % 60}/e${n % 7}/f${n}`, `${n}`]),
    );
    writeTree(folder.path, { ...wide, ...under("client", HERE) });
    await using server = await ServerProcess.start(folder.path);
    expect((await connect(folder.join("client"), server.port, line)).status).toBe(0);
    const all = { ...wide, ...under("client", HERE) };
    expect(filesOf(folder.path)).toEqual({ ...all, ...under("client/x", all) });
    const folders = Object.keys(contentsOf(folder.join("client/x")));
    expect(folders.filter((name) => name.includes("x/"))).toEqual([]);
  },
);

test.each(["PUT -r / x", "MIRROR -R . /x"])(
  "%s where the server's root is the client's, too, sends what there was before",
  async (line) => {
    using folder = new TemporaryFolder();
    writeTree(folder.path, HERE);
    await using server = await ServerProcess.start(folder.path);
    const ran = await connect(
      folder.path,
      server.port,
      line.replace("-r /", `-r ${folder.path}/.`),
    );
    expect(ran.status).toBe(0);
    expect(filesOf(folder.path)).toEqual({ ...HERE, ...under("x", HERE) });
  },
);
