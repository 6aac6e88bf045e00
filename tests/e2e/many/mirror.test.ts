import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { Scene, SIZE } from "../../support/resume.ts";
import { Pair } from "../../support/pair.ts";
import { HostileServer } from "../../support/hostile-server.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";
import { blockDigest } from "../../support/wire.ts";
import { writeRandom } from "../../support/files.ts";
import { contentsOf, factsOf, writeTree } from "../../support/trees.ts";
import { type Plan } from "../../support/faulty-proxy.ts";

const SOURCE = { a: "1", "b/c": "2", "b/d/e": "3", ".dot": "4" };

describe.each([
  ["MIRROR", "GET"],
  ["MIRROR -R", "PUT"],
] as const)("%s", (mirror, way) => {
  /** Two sides, of which one is to become as the other. */
  async function sides(source: Record<string, string>, target: Record<string, string>) {
    const pair = await Pair.start(
      way === "GET" ? { there: source, here: target } : { there: target, here: source },
    );
    const [from, to] = way === "GET" ? [pair.there(), pair.here()] : [pair.here(), pair.there()];
    return { pair, from, to };
  }

  test.each([
    ["s", "s"],
    ["s t", "t"],
    ["s t/", "t"],
    ["s t/u/v", "t/u/v"],
    ["s/ t", "t"],
    ["s .", ""],
    ["s/b t", "t"],
    ["s/b", "s/b"],
  ])("%s: what is in the folder comes, and not the folder itself", async (words, into) => {
    const { pair, from, to } = await sides({}, {});
    await using _ = pair;
    writeTree(`${from}/s`, SOURCE);
    mkdirSync(`${from}/s/b/empty`, { recursive: true });
    const ran = await pair.run(`${mirror} ${words}`);
    expect(ran.status).toBe(0);
    const source = words.startsWith("s/b") ? `${from}/s/b` : `${from}/s`;
    expect(factsOf(`${to}/${into}`.replace(/\/$/, ""))).toEqual(factsOf(source));
    const again = await pair.run(`${mirror} ${words}`, ["--json"]);
    expect(again.stdout).not.toContain('"transferred"');
  });

  test("of the whole side, with an empty folder in the place of nothing", async () => {
    const { pair, from, to } = await sides(SOURCE, {});
    await using _ = pair;
    mkdirSync(`${from}/empty`);
    expect((await pair.run(`${mirror} .`)).status).toBe(0);
    expect(factsOf(to)).toEqual(factsOf(from));
    expect((await pair.run(`${mirror} empty made/deep; ${mirror} empty`)).status).toBe(0);
    expect(contentsOf(to)).toMatchObject({ "made/": "", "made/deep/": "", "empty/": "" });
  });

  test("removes nothing without --delete, and with it what the source lacks", async () => {
    const { pair, from, to } = await sides(SOURCE, {
      x: "9",
      "y/z/w": "8",
      "b/more": "7",
      a: "old",
    });
    await using _ = pair;
    mkdirSync(`${to}/b/d/hollow/deeper`, { recursive: true });
    expect((await pair.run(`${mirror} .`)).status).toBe(0);
    expect(contentsOf(to)).toMatchObject({ ...SOURCE, x: "9", "y/z/w": "8", "b/more": "7" });
    const would = await pair.run(`${mirror} -n --delete .`);
    expect(would.stderr.match(/Would remove/g)?.length).toBe(7);
    const ran = await pair.run(`${mirror} --delete .`);
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain("7 removed");
    expect(factsOf(to)).toEqual(factsOf(from));
  });

  test("an empty folder removes all with --delete; an absent one nothing, status 5", async () => {
    const { pair, from, to } = await sides({}, { "t/x": "9", "t/y/z": "8" });
    await using _ = pair;
    mkdirSync(`${from}/empty`, { recursive: true });
    const absent = await pair.run(`${mirror} --delete nosuch t; QUIT`);
    expect(absent.status).toBe(5);
    expect(contentsOf(to)).toMatchObject({ "t/x": "9", "t/y/z": "8" });
    await pair.run(`${mirror} nosuch`);
    expect(existsSync(`${to}/nosuch`)).toBe(false);
    expect((await pair.run(`${mirror} empty t`)).status).toBe(0);
    expect(contentsOf(to)).toMatchObject({ "t/x": "9", "t/y/z": "8" });
    expect((await pair.run(`${mirror} --delete empty t`)).status).toBe(0);
    expect(contentsOf(to)).toEqual({ "t/": "" });
  });

  test("a file where a folder is on the other side, and the reverse", async () => {
    const target = { a: "1", "b/c/d": "8", e: "9", "f/g/h": "10", "f/i": "11" };
    const { pair, from, to } = await sides(
      { "a/x": "1", "a/y/z": "2", "b/c": "3", e: "4", f: "5" },
      target,
    );
    await using _ = pair;
    const ran = await pair.run(`${mirror} .`);
    expect(ran.status).toBe(6);
    expect(contentsOf(to)).toMatchObject({ a: "1", "b/c/d": "8", e: "4", "f/i": "11" });
    const done = await pair.run(`${mirror} --delete .`);
    expect(done.status).toBe(0);
    expect(factsOf(to)).toEqual(factsOf(from));
  });

  test("of a file is refused, and says what to use; nothing is made or removed", async () => {
    const { pair, to } = await sides(SOURCE, { x: "9", "t/y": "8" });
    await using _ = pair;
    const facts = factsOf(to);
    for (const words of ["a t", "a", "a new"]) {
      const ran = await pair.run(`${mirror} --delete ${words}`);
      expect(ran.status).toBe(6);
      expect(ran.stderr).toContain(`a is a file, no folder; ${way} a `);
      expect(factsOf(to)).toEqual(facts);
    }
  });

  test("to a file is refused; nothing is removed", async () => {
    const { pair, to } = await sides(SOURCE, { x: "9" });
    await using _ = pair;
    const ran = await pair.run(`${mirror} --delete b x`);
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain(
      way === "GET" ? "x is a file on this side" : "x is a file on the server",
    );
    expect(contentsOf(to)).toEqual({ x: "9" });
  });

  /** Where the connection goes wrong: while it lists, in the middle, at the end. */
  const cuts: [string, Plan][] = [
    ["before the listing", { toServer: { beforeLine: /^LIST/, do: "cut" } }],
    ["while it lists", { toClient: { afterContent: 100, do: "cut" } }],
    ["behind the listing", { toClient: { beforeLine: /^226/, do: "reset" } }],
    [
      "in the middle",
      way === "GET"
        ? { toClient: { afterContent: SIZE, do: "cut" } }
        : { toServer: { afterContent: SIZE, do: "reset" } },
    ],
    [
      "at the end",
      way === "GET"
        ? { toClient: { afterContent: 2 * SIZE, do: "reset" } }
        : { toServer: { beforeLine: /^DELETE/, do: "cut" } },
    ],
  ];

  /** Sides with files of some size, and something that is to be removed. */
  function fill(scene: Scene): { from: string; to: string } {
    const [from, to] = way === "GET" ? ["server", "client"] : ["client", "server"];
    writeRandom(scene.folder.join(from, "s/large 1"), SIZE);
    writeRandom(scene.folder.join(from, "s/large 2"), SIZE);
    writeTree(
      scene.folder.join(from, "s"),
      Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`d${n % 5}/f${n}`, `${n}`])),
    );
    writeTree(scene.folder.join(to, "s"), { "extra/x": "1", "extra/y": "2", "d1/z": "3" });
    return { from: scene.folder.join(from, "s"), to: scene.folder.join(to, "s") };
  }

  test.each(cuts)(
    "a connection that is cut %s is made again, and the end is exact",
    async (_, plan) => {
      await using scene = await Scene.start([plan]);
      const { from, to } = fill(scene);
      const ran = await scene.run(`${mirror} --delete s`);
      expect(ran.stderr).toContain("trying again");
      expect(ran.status).toBe(0);
      expect(factsOf(to)).toEqual(factsOf(from));
    },
  );

  test.each(cuts)(
    "cut %s, not tried again, removes nothing; run again it ends exact",
    async (_, plan) => {
      await using scene = await Scene.start([plan]);
      const { from, to } = fill(scene);
      const ran = await scene.run(`${mirror} --delete s`, "--retries", "0");
      expect(ran.status).toBe(3);
      expect(contentsOf(to)).toMatchObject({ "extra/x": "1", "extra/y": "2", "d1/z": "3" });
      expect((await scene.run(`${mirror} --delete s`)).status).toBe(0);
      expect(factsOf(to)).toEqual(factsOf(from));
    },
  );

  test("goes on after the client was killed half way", async () => {
    const held: Plan =
      way === "GET"
        ? { toClient: { afterContent: SIZE + 300_000, do: "hold" } }
        : { toServer: { afterContent: SIZE + 300_000, do: "hold" } };
    await using scene = await Scene.start([held]);
    const { from, to } = fill(scene);
    await using client = scene.start(`${mirror} --delete s`);
    await scene.proxy.faulted;
    expect(await client.stop("SIGKILL")).toBe(137);
    scene.proxy.cutAll();
    expect(contentsOf(to)).toMatchObject({ "extra/x": "1", "extra/y": "2", "d1/z": "3" });
    const ran = await scene.run(`${mirror} --delete s`);
    expect(ran.status).toBe(0);
    expect(factsOf(to)).toEqual(factsOf(from));
  });

  test("goes on when the server was killed and is there again", async () => {
    const held: Plan =
      way === "GET"
        ? { toClient: { afterContent: SIZE + 300_000, do: "hold" } }
        : { toServer: { afterContent: SIZE + 300_000, do: "hold" } };
    await using scene = await Scene.start([held]);
    const { from, to } = fill(scene);
    await using client = scene.start(`${mirror} --delete s`);
    await scene.proxy.faulted;
    await scene.restartServer();
    scene.proxy.cutAll();
    expect(await client.ended()).toBe(0);
    expect(factsOf(to)).toEqual(factsOf(from));
  });
});

test("a folder that turns out not to be readable is spared by --delete, whatever it holds here", async () => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("client"), { "locked/y": "mine", "locked/z": "mine too", b: "3" });
  // As a server lists a folder whose rights it lacks: there it is, and then it cannot be read.
  const entries = [
    { path: "locked", type: "folder", size: 0, mtime: 1 },
    { path: "empty", type: "folder", size: 0, mtime: 1 },
    { path: "locked", type: "refused", reason: "denied" },
  ];
  const block = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  await using server = await HostileServer.startFor("LIST", (victim) =>
    victim.send("150\n", `+${block.length} ${blockDigest(block)}\n`, block, "226\n"),
  );
  const ran = await connect(folder.join("client"), server.port, "MIRROR --delete .");
  expect(ran.status).toBe(6);
  expect(ran.stderr).toContain("locked: It cannot be served: denied");
  expect(contentsOf(folder.join("client"))).toEqual({
    "empty/": "",
    "locked/": "",
    "locked/y": "mine",
    "locked/z": "mine too",
  });
});
