import { expect, test } from "bun:test";
import { goodFile, GREETING, HostileServer } from "../../support/hostile-server.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";
import { block } from "../../support/wire.ts";

const NAMES = Array.from({ length: 100 }, (_, index) => `f${String(index).padStart(2, "0")}`);
const FILES = Object.fromEntries(NAMES.map((name) => [`t/${name}`, `content of ${name}`]));

/** What a server answers to a file that is asked for, or has come. */
type Answer = (name: string, honest: string) => string;

/** Behind this a server takes leave of a client. */
const LEAVING = "421 closing The%20server%20shuts%20down\n";

interface Played extends AsyncDisposable {
  readonly port: number;
  /** How often each file was asked for or sent. */
  readonly times: ReadonlyMap<string, number>;
  /** How many have connected. */
  readonly connections: number;
}

/**
 * A server of a folder `t` that gives and takes small files, honestly where nothing else is said.
 * @param closes whether it closes the connection when it takes its leave
 */
async function play(answer: Answer, closes = true): Promise<Played> {
  const times = new Map<string, number>();
  let connections = 0;
  const lines = NAMES.map((name) =>
    JSON.stringify({ path: `t/${name}`, type: "file", size: 14, mtime: 0 }),
  );
  const listing = block(Buffer.from(`${lines.join("\n")}\n`));
  const server = await HostileServer.start(async (victim) => {
    connections++;
    await victim.send(GREETING);
    let current = "";
    for (;;) {
      const line = await victim.line();
      const [verb = "", path = ""] = line.split(" ");
      if (verb === "GET" || verb === "PUT") {
        current = path.replace("t/", "");
        times.set(current, (times.get(current) ?? 0) + 1);
      }
      // Contents have no line end: END follows them on their line.
      const digest = /END digest=([0-9a-f]{16})$/.exec(line)?.[1];
      let reply = "";
      if (digest !== undefined) reply = answer(current, `226 size=14 digest=${digest}\n`);
      else if (verb === "GET") {
        reply = answer(current, goodFile(Buffer.from(`content of ${current}`)).toString("latin1"));
      } else if (verb === "LIST") await victim.send("150\n", listing, "226\n");
      else if (line.endsWith("digest=1")) reply = "550 not-found Nothing\n";
      else reply = OTHERWISE[verb] ?? "";
      await victim.send(reply);
      if (reply === LEAVING) {
        if (closes) victim.finish();
        await victim.gone();
        return;
      }
    }
  });
  return {
    port: server.port,
    times,
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const OTHERWISE: Readonly<Record<string, string>> = {
  MKDIR: "553 exists It is there\n",
  STAT: "213 type=folder size=0 mtime=0\n",
  ABORT: "225\n",
  QUIT: "221\n",
};

const bad: Readonly<Record<string, string>> = {
  f03: "553 denied t/f03%20is%20not%20for%20you\n",
  f50: "452 space No%20room\n",
  f99: "451 failed It%20broke\n",
};

test.each(["GET", "PUT"])(
  "%s: what a server refuses of many small files is told as it is of one, and asked for once",
  async (verb) => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("client"), verb === "PUT" ? FILES : {});
    await using server = await play((name, honest) => bad[name] ?? honest);
    const ran = await connect(folder.join("client"), server.port, `${verb} -r t`);
    // That of the first, in the order of the folder.
    expect([1, 6, 7]).toContain(ran.status);
    expect(ran.stderr).toContain(`${verb} t/f03: t/f03 is not for you (on the server)\n`);
    expect(ran.stderr).toContain(`${verb} t/f50: No room (on the server)\n`);
    expect(ran.stderr).toContain(`${verb} t/f99: It broke\n`);
    expect(ran.stderr).toContain("97 files");
    expect(ran.stderr).toContain("3 failed");
    for (const name of NAMES) expect([name, server.times.get(name)]).toEqual([name, 1]);
  },
);

test("a PUT of many tells where the server has stored something else, and sends it once", async () => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("client"), FILES);
  const other = "226 size=14 digest=0123456789abcdef\n";
  await using server = await play((name, honest) => (name === "f07" ? other : honest));
  const ran = await connect(folder.join("client"), server.port, "PUT -r t");
  expect(ran.status).toBe(8);
  expect(ran.stderr).toContain("PUT t/f07: The server stored something else than was sent");
  expect(ran.stderr).toContain("99 files");
  expect(server.times.get("f07")).toBe(1);
});

test("a GET of many tells what cannot be stored on this side, and asks for it once", async () => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("client"), { "t/f07/folder": "in the way" });
  await using server = await play((_, honest) => honest);
  const ran = await connect(folder.join("client"), server.port, "GET -r t");
  expect(ran.status).toBe(6);
  expect(ran.stderr).toMatch(/^GET t\/f07: .*\(on this side\)$/m);
  expect(ran.stderr).toContain("99 files");
  expect(server.times.get("f07")).toBe(1);
});

test.each([
  ["GET", "leaves", true],
  ["PUT", "leaves", true],
  ["GET", "says that it leaves, and stays,", false],
  ["PUT", "says that it leaves, and stays,", false],
] as const)(
  "%s: a server that %s amid many small files is told of with its reason, and the others are moved over a new connection",
  async (verb, _, closes) => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("client"), verb === "PUT" ? FILES : {});
    let answers = 0;
    const leave: Answer = (_, honest) => (++answers === 21 ? LEAVING : honest);
    await using server = await play(leave, closes);
    const flags = ["--retries", "1", "--timeout", "3600"];
    const ran = await connect(folder.join("client"), server.port, `${verb} -r t`, ...flags);
    expect(ran.stderr).toMatch(/^The server shuts down: trying again in /m);
    expect(ran.stderr).not.toContain("is lost");
    expect(ran.stderr).toContain("100 files");
    expect(ran.status).toBe(0);
    expect(server.connections).toBe(2);
    expect(contentsOf(folder.join("client"))).toEqual({ "t/": "", ...FILES });
  },
);

test.each(["GET", "PUT"])(
  "%s: a server that leaves amid many small files for good is told of with its reason",
  async (verb) => {
    using folder = new TemporaryFolder();
    writeTree(folder.join("client"), verb === "PUT" ? FILES : {});
    let answers = 0;
    await using server = await play((_, honest) => (++answers === 21 ? LEAVING : honest));
    const ran = await connect(folder.join("client"), server.port, `${verb} -r t`);
    expect(ran.stderr).toContain("The server shuts down");
    expect(ran.stderr).not.toContain("is lost");
    expect(ran.stderr).toContain("20 files");
    expect(ran.status).toBe(3);
    expect(server.connections).toBe(1);
  },
);
