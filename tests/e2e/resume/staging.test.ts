import { describe, expect, test } from "bun:test";
import { existsSync, statSync, utimesSync } from "node:fs";
import { filesUnder, read, until, write, writeRandom } from "../../support/files.ts";
import { TemporaryFolder } from "../../support/programs.ts";
import { SIZE, STAGING, Scene, connectTo, converse, serverOver } from "../../support/resume.ts";
import { block, BLOCK_SIZE } from "../../support/wire.ts";

const DAY = 86_400;
/** The name of a part of a process that never was. */
const GONE = "0123456789abcdef0123456789abcdef.kept.00000000-00000000-00000000-1-1";

function age(path: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds;
  utimesSync(path, then, then);
}

describe.each([
  ["GET", "server", "client", "toClient"],
  ["PUT", "client", "server", "toServer"],
] as const)("the part of an interrupted %s", (verb, from, to, side) => {
  const interrupted = async (): Promise<{ scene: Scene; part: string }> => {
    const scene = await Scene.start([{ [side]: { afterContent: 3 * BLOCK_SIZE, do: "cut" } }]);
    writeRandom(scene.folder.join(from, "f"), SIZE);
    expect((await scene.run(`${verb} f`, "--retries", "0")).status).toBe(3);
    const kept = (): string | undefined => scene.staged(to).find((name) => name.includes(".kept."));
    await until(() => kept() !== undefined);
    const part = kept() ?? "";
    // Not before: the sweep at the start removes the folder while it is empty.
    write(scene.folder.join(to, STAGING, "notes.txt"), "mine");
    return { scene, part };
  };

  test("is kept for six days, over a start of the program", async () => {
    const { scene, part } = await interrupted();
    await using _scene = scene;
    age(part, 6 * DAY);
    await scene.restartServer();
    expect((await scene.run("LS")).status).toBe(0);
    expect(existsSync(part)).toBe(true);
    const ran = await scene.run(`${verb} f`);
    expect(ran).toMatchObject({ status: 0, transferred: { reused: 3 * BLOCK_SIZE } });
    expect(read(scene.folder.join(to, STAGING, "notes.txt"))?.toString()).toBe("mine");
  });

  test("is swept after eight days when the program starts, and nothing else", async () => {
    const { scene, part } = await interrupted();
    await using _scene = scene;
    const look_alikes = [
      `${STAGING}/0123456789abcdef0123456789abcdef.part`,
      `${STAGING}/0123456789abcdef.kept.00000000-00000000-00000000-1-1`,
      `${STAGING}/${GONE}.bak`,
      `${STAGING}/sub/${GONE}`,
      `sub/${STAGING}/${GONE}`,
      GONE,
    ];
    for (const name of look_alikes) {
      write(scene.folder.join(to, name), "mine");
      age(scene.folder.join(to, name), 400 * DAY);
    }
    age(part, 8 * DAY);
    await scene.restartServer();
    expect((await scene.run("LS")).status).toBe(0);
    await until(() => !existsSync(part));
    for (const name of look_alikes) {
      expect(read(scene.folder.join(to, name))?.toString()).toBe("mine");
    }
  });

  test("goes with its folder when that is empty", async () => {
    await using scene = await Scene.start([
      { [side]: { afterContent: 3 * BLOCK_SIZE, do: "cut" } },
    ]);
    writeRandom(scene.folder.join(from, "f"), SIZE);
    expect((await scene.run(`${verb} f`, "--retries", "0")).status).toBe(3);
    await until(() => scene.staged(to).some((name) => name.includes(".kept.")));
    expect(statSync(scene.folder.join(to, STAGING)).mode & 0o777).toBe(0o700);
    expect((await scene.run(`${verb} f`)).status).toBe(0);
    await until(() => !existsSync(scene.folder.join(to, STAGING)));
    expect(filesUnder(scene.folder.join(to))).toEqual(["f"]);
  });
});

test("--keep-partial says on both sides how long parts are kept", async () => {
  using folder = new TemporaryFolder();
  for (const side of ["server", "client"]) {
    write(folder.join(side, STAGING, GONE), "part");
    age(folder.join(side, STAGING, GONE), 100);
  }
  for (const [keep, left] of [
    ["1000", true],
    ["50", false],
  ] as const) {
    await using server = await serverOver(folder.join("server"), ["--keep-partial", keep]);
    const flags = ["--keep-partial", keep];
    expect((await connectTo(folder.join("client"), server, "LS", ...flags)).status).toBe(0);
    for (const side of ["server", "client"]) {
      if (!left) await until(() => !existsSync(folder.join(side, STAGING)));
      expect(existsSync(folder.join(side, STAGING, GONE))).toBe(left);
    }
  }
});

test("what only its writer could use is swept at once when that is gone", async () => {
  using folder = new TemporaryFolder();
  const name = GONE.replace("kept", "tmp");
  write(folder.join(STAGING, name), "x");
  age(folder.join(STAGING, name), 600);
  await using _server = await serverOver(folder.path);
  await until(() => !existsSync(folder.join(STAGING)));
});

test("STATUS tells what interrupted downloads have left, where there is anything", async () => {
  await using scene = await Scene.start([
    { toClient: { afterContent: 3 * BLOCK_SIZE, do: "cut" } },
    { toClient: { afterContent: 2 * BLOCK_SIZE, do: "cut" } },
  ]);
  for (const name of ["f", "g"]) writeRandom(scene.folder.join("server", name), SIZE);
  const status = async (): Promise<unknown> => {
    const ran = await scene.run("CLOSE; STATUS");
    return ran.events.find(({ event }) => event === "status");
  };
  const nothing = { event: "status", local: scene.folder.join("client") };
  for (const name of ["f", "g"]) {
    expect((await scene.run(`GET ${name}`, "--retries", "0")).status).toBe(3);
  }
  expect(await status()).toEqual({ ...nothing, interrupted: 2, held: 5 * BLOCK_SIZE });
  await using client = scene.start("STATUS");
  expect(await client.ended()).toBe(0);
  expect(client.log).toMatch(
    /^interrupted +2 downloads, of which 1\.3 MiB are here to go on with$/m,
  );
  expect((await scene.run("GET f; GET g")).status).toBe(0);
  expect(await status()).toEqual(nothing);
});

test("parts are hidden from every verb", async () => {
  using folder = new TemporaryFolder();
  write(folder.join(STAGING, GONE), "part");
  write(folder.join("f"), "f");
  await using server = await serverOver(folder.path);
  using client = await converse(server);
  const key = "part=0123456789abcdef0123456789abcdef";
  for (const line of [
    `GET ${STAGING}/${GONE}`,
    `STAT ${STAGING}/${GONE} digest=1`,
    `STAT ${STAGING}`,
    `LIST ${STAGING} recursive=1`,
    `DELETE ${STAGING}/${GONE}`,
    `DELETE ${STAGING}`,
    `RENAME ${STAGING}/${GONE} to=x`,
    `RENAME f to=${STAGING}/x`,
    `MKDIR ${STAGING}/x`,
    `HELD ${STAGING}/${GONE} ${key}`,
  ]) {
    expect(await client.sendLine(line).line(), line).toStartWith("553 name ");
  }
  client.send(`PUT ${STAGING}/${GONE} ${key}\n`, block(Buffer.from("x")), "END\n");
  expect(await client.line()).toStartWith("553 name ");
  client.sendLine("LIST recursive=1");
  expect(await client.line()).toBe("150");
  expect((await client.body()).content.toString()).not.toContain("staging");
  expect(read(folder.join(STAGING, GONE))?.toString()).toBe("part");
});
