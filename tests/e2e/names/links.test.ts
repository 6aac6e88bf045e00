import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import { publishedUnder, read, write } from "../../support/files.ts";
import { connect, run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { Swapper } from "../../support/swapper.ts";
import { block } from "../../support/wire.ts";

setDefaultTimeout(120_000);

const CANARY = "nobody reads this";
const TRANSFERS = 10_000;
/** Requests that are sent before the first reply is read. */
const AT_ONCE = 200;

/** A folder with links of every kind in it, and a place outside where they lead. */
class Trap implements Disposable {
  readonly folder = new TemporaryFolder();
  readonly root: string;
  readonly #before: string;

  /** @param root the folder that holds the links */
  constructor(root: string) {
    this.root = this.folder.join(root);
    for (const file of ["f", "b/f", "canary"]) write(this.folder.join("outside", file), CANARY);
    write(`${this.root}/inside/f`, "inside");
    write(`${this.root}/a/f`, "inside");
    for (const [name, target] of [
      ["out-file", "../outside/f"],
      ["out-folder", "../outside"],
      ["absolute", this.folder.join("outside")],
      ["in-file", "inside/f"],
      ["in-folder", "inside"],
      ["dangling", "../outside/new"],
      ["loop", "loop"],
      ["zero", "/dev/zero"],
      ["link", "../outside"],
      ["a/up", ".."],
    ] as const) {
      symlinkSync(target, `${this.root}/${name}`);
    }
    this.#before = this.#outside();
  }

  /** Demands that what the links lead to is as it was, and that they are. */
  expectUntouched(): void {
    expect(this.#outside()).toBe(this.#before);
  }

  #outside(): string {
    const outside = this.folder.join("outside");
    const names = readdirSync(outside, { recursive: true }).map(String).toSorted();
    return names
      .map((name) => {
        const stat = statSync(`${outside}/${name}`, { bigint: true });
        const content = stat.isFile() ? readFileSync(`${outside}/${name}`, "utf8") : "";
        return `${name} ${stat.mode} ${stat.mtimeNs} ${stat.ino} ${content}`;
      })
      .join("\n");
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

const LINKS = [
  "out-file",
  "out-folder",
  "absolute",
  "in-file",
  "in-folder",
  "dangling",
  "loop",
  "zero",
];
const PARENTS = ["out-folder", "absolute", "in-folder", "a/up", "out-folder/b"];

describe("links in a server's root", () => {
  test("are refused by every verb, as a name and as a parent, and left alone", async () => {
    using trap = new Trap("root");
    write(`${trap.root}/own`, "own");
    await using server = await ServerProcess.start(trap.root);
    using client = await RawClient.open(server.port);
    const names = [
      ...LINKS,
      ...PARENTS.flatMap((parent) => [`${parent}/f`, `${parent}/new`, `${parent}/b/f`]),
    ];
    for (const name of names) {
      for (const line of [
        `GET ${name}`,
        `LIST ${name}`,
        `LIST ${name} recursive=1`,
        `STAT ${name}`,
        `STAT ${name} digest=1`,
        `DELETE ${name}`,
        `RENAME ${name} to=moved`,
        `RENAME own to=${name}`,
        `MKDIR ${name}`,
        `MKDIR ${name}/deeper`,
        `PUT ${name}\n${block(Buffer.from("x")).toString()}END`,
        `PUT ${name} if=absent\n${block(Buffer.from("x")).toString()}END`,
        `PUT ${name}/deeper\n${block(Buffer.from("x")).toString()}END`,
      ]) {
        const reply = await client.sendLine(line).reply();
        expect(reply, line).toMatch(/^553 (?:not-a-file|exists) /);
      }
    }
    trap.expectUntouched();
    for (const name of LINKS) expect(readlinkSync(`${trap.root}/${name}`)).not.toBe("");
    expect(read(`${trap.root}/own`)?.toString()).toBe("own");
    expect(read(`${trap.root}/inside/f`)?.toString()).toBe("inside");

    // They are listed as what cannot be served, and what is behind them is not.
    expect(await client.sendLine("LIST recursive=1").reply()).toBe("150");
    const { content } = await client.body();
    const lines = content.toString().trimEnd().split("\n");
    expect(lines.filter((line) => line.includes('"type":"refused"'))).toHaveLength(
      LINKS.length + 2,
    );
    expect(lines.filter((line) => !line.includes('"type":"refused"'))).toHaveLength(5);
  });
});

describe("links in a client's folder", () => {
  test("are not followed by what comes, and left alone", async () => {
    using trap = new Trap("client");
    for (const name of [...LINKS, "link"]) write(trap.folder.join("server", name), "new");
    for (const name of PARENTS) write(trap.folder.join("tree", name, "f"), "new");
    await using server = await ServerProcess.start(trap.folder.join("server"));
    await using trees = await ServerProcess.start(trap.folder.join("tree"));
    for (const name of LINKS) {
      for (const command of [`GET ${name}`, `GET -r ${name}`, `GET in-file ${name}/new`]) {
        const ran = await connect(trap.root, server.port, command);
        expect(ran.status, `${command} ${ran.stderr}`).toBe(6);
      }
    }
    for (const command of [
      "GET -r out-folder",
      "GET -r absolute",
      "GET -r /",
      "MIRROR /",
      "MIRROR --delete / .",
    ]) {
      const ran = await connect(trap.root, trees.port, command);
      expect(ran.status, `${command} ${ran.stderr}`).toBe(6);
      expect(ran.stderr).toContain("(on this side)");
    }
    trap.expectUntouched();
    for (const name of LINKS) expect(readlinkSync(`${trap.root}/${name}`)).not.toBe("");
  });

  test("are not followed by what is sent", async () => {
    using trap = new Trap("client");
    await using server = await ServerProcess.start(trap.folder.join("server"));
    for (const command of [
      ...LINKS.map((name) => `PUT ${name}`),
      ...PARENTS.map((name) => `PUT ${name}/f`),
      "PUT -r .",
      "PUT -r out-folder",
      "PUT *",
      "PUT out-folder/*",
      "PUT **/f",
      "MIRROR -R . there",
      "MIRROR -R out-folder there",
    ]) {
      const ran = await connect(trap.root, server.port, command);
      // A pattern goes past them; whatever names one fails.
      expect(ran.status === 0, `${command} ${ran.stderr}`).toBe(command === "PUT **/f");
    }
    for (const name of publishedUnder(trap.folder.join("server"))) {
      expect(read(trap.folder.join("server", name))?.toString(), name).toBe("inside");
    }
    trap.expectUntouched();
  });
});

test(`a server's folder is swapped for a link and back: ${TRANSFERS} requests reach nothing outside`, async () => {
  using trap = new Trap("root");
  await using server = await ServerProcess.start(trap.root);
  await using swapper = await Swapper.start(trap.root);
  const put = (name: string, keys = ""): string =>
    `PUT ${name}${keys}\n${block(Buffer.from("inside")).toString()}END\n`;
  const requests = (turn: number): readonly string[] => [
    "GET a/f\n",
    put("a/f"),
    put(`a/b/new${turn % 50}`),
    put(`a/new${turn}`, " if=absent"),
    "LIST a recursive=1\n",
    "DELETE a/canary\n",
    "DELETE a/b/f\n",
    `MKDIR a/made${turn}/deep\n`,
    "RENAME a/canary to=stolen\n",
    "STAT a/b/f digest=1\n",
  ];
  let sent = 0;
  let done = 0;
  let refused = 0;
  using client = await RawClient.open(server.port);
  // Both states have to be met, or nothing is shown.
  while (sent < TRANSFERS || done < 100 || refused < 100) {
    const batch: string[] = [];
    while (batch.length < AT_ONCE) batch.push(...requests(sent + batch.length));
    client.send(batch.join(""));
    for (const request of batch) {
      let reply = await client.reply();
      if (reply.startsWith("150")) {
        const { content, end } = await client.body();
        expect(content.toString(), request).not.toMatch(/nobody reads this|canary/);
        reply = end;
      }
      if (reply.startsWith("2")) done++;
      if (reply.startsWith("553 not-a-file")) refused++;
      expect(reply, request).toMatch(/^(?:2\d\d|450|550|553) ?/);
      expect(request.startsWith("RENAME a/canary") && reply === "250").toBe(false);
    }
    sent += batch.length;
  }
  expect(swapper.running).toBe(true);
  trap.expectUntouched();
}, 120_000);

test("a client's folder is swapped for a link and back: nothing outside is read or written", async () => {
  using trap = new Trap("client");
  const from = trap.folder.join("server");
  for (const name of ["f", "tree/f", "tree/b/f", "tree/canary", "tree/new"]) {
    write(`${from}/${name}`, "inside");
  }
  mkdirSync(`${trap.root}/a/b`);
  await using server = await ServerProcess.start(from);
  await using swapper = await Swapper.start(trap.root);
  const commands: string[] = [];
  for (let turn = 0; turn < 150; turn++) {
    commands.push(
      "-GET f a/f",
      `-GET f a/new${turn}`,
      `-GET f a/b/new${turn}`,
      "-GET -r tree a",
      "-GET tree/* a/",
      "-MIRROR tree a",
      "-MIRROR --delete tree a",
      "-PUT a/f sent/f",
      "-PUT a/canary sent/canary",
      "-PUT -r a sent/a",
    );
  }
  const address = String(server.port);
  let states = "";
  // Both states have to be met, or nothing is shown.
  for (let round = 0; !(states.includes("verified") && states.includes("is a link")); round++) {
    expect(round).toBeLessThan(20);
    const input = commands.join("\n");
    const ran = await run(["connect", address, "--root", trap.root, "--json", "-v"], { input });
    expect(ran.status, ran.stderr.slice(-2000)).toBe(0);
    states += ran.stderr;
  }
  expect(swapper.running).toBe(true);
  trap.expectUntouched();
  for (const name of publishedUnder(from)) {
    expect(read(`${from}/${name}`)?.toString(), name).toBe("inside");
  }
}, 120_000);
