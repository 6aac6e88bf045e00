import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import {
  deviations,
  readDocumentedEvents,
  type DocumentedEvent,
} from "../support/documented-events.ts";
import { events, slowTransfer, type Event } from "../support/events.ts";
import { until, write } from "../support/files.ts";
import { Fifo, Muted } from "../support/muted.ts";
import { connect, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { FastClient } from "../support/fast-client.ts";
import { RawClient } from "../support/raw-client.ts";
import { SecureScene } from "../support/secure.ts";

const DOCUMENTED = readDocumentedEvents();

/** Where an event is documented: several share a name, and differ by their fields. */
function documentationOf(role: string, { event, ...fields }: Event): DocumentedEvent[] {
  return DOCUMENTED.filter(
    (known) =>
      known.role === role && known.name === event && deviations(fields, known.fields).length === 0,
  );
}

/** All that a client tells in runs that come upon everything. */
async function toldByConnect(folder: TemporaryFolder): Promise<Event[]> {
  mkdirSync(folder.join("server/folder"), { recursive: true });
  write(folder.join("server/a.txt"), "a");
  chmodSync(folder.join("server/a.txt"), 0o755);
  symlinkSync("a.txt", folder.join("server/link"));
  await using server = await ServerProcess.start(folder.join("server"));
  const client = folder.join("client");
  const script = `OPEN ${server.port}\nGET a.txt\nPUT a.txt b.txt\nLS\nLLS\nLCD .\nLPWD\nMKDIR d\nCD d\nPWD\nSTATUS\nMV /b.txt /c.txt\nRM /c.txt\nSTAT -d /a.txt\nCD\n-RM x y\nPUT a.txt b.txt\n-GET none\n-PUT none\nCLOSE\nGET x\n`;
  write(folder.join("script"), script);
  write(folder.join("file"), "");
  const left = "0123456789abcdef0123456789abcdef.kept.00000000-00000000-00000000-1-1";
  write(join(client, ".sftp-staging", left), "left");
  const runs = [
    await run(["connect", "--json", "--root", client, "-b", folder.join("script")]),
    await connect(client, server.port, "-GET none; -PUT none; CLOSE; GET x", "--json"),
    await connect(client, server.port, "-MGET a.txt none; -MPUT a.txt nothing; GET -r /", "--json"),
    await run(["connect", "--json", "--root", folder.join("file")]),
  ];
  expect(runs.map(({ status }) => status)).toEqual([2, 2, 6, 6]);
  await using secure = await SecureScene.start();
  const ran = await secure.connect(secure.pinned, "STATUS", "--json");
  expect(ran.status).toBe(0);
  return [...runs, ran].flatMap(({ stdout }) => events(stdout)).concat(await slowTransfer(folder));
}

/** All that a server tells in runs that come upon everything. */
async function toldByServe(folder: TemporaryFolder): Promise<Event[]> {
  write(folder.join("server/a.txt"), "a");
  await using server = await ServerProcess.start(folder.join("server"), ["--json"]);
  await connect(folder.join("client"), server.port, "GET a.txt; PUT a.txt b.txt; -GET none; QUIT");
  using raw = await RawClient.open(server.port);
  for (const line of ["MKDIR folder", "RENAME a.txt to=folder/c.txt", "DELETE b.txt"]) {
    expect(await raw.sendLine(line).line()).toBe("250");
  }
  expect(await raw.sendLine("QUIT").line()).toStartWith("221");
  await server.waitFor(/"disconnected"[^]*"disconnected"/);
  const port = String(server.port);
  const taken = await run(["serve", "--json", "--port", port, "--root", folder.join("other")]);
  expect(taken.status).toBe(1);
  expect(await server.stop()).toBe(0);
  return [
    ...[server, taken].flatMap(({ stdout }) => events(stdout)),
    ...(await toldOfLogins()),
    ...(await toldOfRefused(folder)),
    ...(await toldTooLate(folder)),
  ];
}

/** What a server tells of one who logs in, and of one who cannot. */
async function toldOfLogins(): Promise<Event[]> {
  await using scene = await SecureScene.start(["--tls", "--json"]);
  expect(await scene.connect(scene.pinned, "PWD")).toMatchObject({ status: 0 });
  const wrong = await scene.connectWith({ token: "wrong" }, scene.pinned, "PWD");
  expect(wrong.status).toBe(4);
  expect(await scene.server.stop()).toBe(0);
  const told = events(scene.server.stdout);
  expect(told).toContainEqual(expect.objectContaining({ event: "login", user: "token" }));
  expect(told).toContainEqual(expect.objectContaining({ event: "failed", verb: "AUTH", path: "" }));
  return told;
}

/** What a server tells of one for whom it has no place. */
async function toldOfRefused(folder: TemporaryFolder): Promise<Event[]> {
  await using server = await ServerProcess.start(folder.join("server"), [
    "--json",
    "--max-connections",
    "1",
  ]);
  using _inside = await FastClient.open(server.port);
  using refused = await FastClient.connect(server.port);
  expect(await refused.lines()).toEqual([expect.stringMatching(/^421 busy /)]);
  expect(await server.stop()).toBe(0);
  return events(server.stdout);
}

/** What a server tells whose events nobody has read for a while. */
async function toldTooLate(folder: TemporaryFolder): Promise<Event[]> {
  using fifo = new Fifo(folder.join("events"));
  const redirect = `>"${fifo.path}"`;
  await using server = await Muted.start(folder.join("muted"), redirect, "--json");
  await server.noise(5000);
  let read = "";
  await until(() => (read += fifo.read()).includes('"lost"'));
  return events(read.slice(0, read.lastIndexOf("\n") + 1));
}

test("the page documents events of both roles, each with examples", () => {
  expect(new Set(DOCUMENTED.map(({ role }) => role))).toEqual(new Set(["connect", "serve"]));
  expect(DOCUMENTED.length).toBeGreaterThan(14);
  for (const { examples } of DOCUMENTED) expect(examples[0]).toStartWith('{"event":');
});

test("the page documents every event that there is", () => {
  const source = readFileSync(join(import.meta.dir, "../../src/observe/events.ts"), "utf8");
  const [server = "", client = ""] = source.split("export type ClientEvent");
  for (const [role, text] of [
    ["serve", server],
    ["connect", client],
  ] as const) {
    const names = Array.from(text.matchAll(/event: "(\w+)"/g), ([, name = ""]) => name);
    const documented = DOCUMENTED.filter((known) => known.role === role).map(({ name }) => name);
    expect(new Set(documented)).toEqual(new Set(names));
    expect(names.length).toBeGreaterThan(8);
  }
});

describe("every example is as documented", () => {
  const examples = DOCUMENTED.flatMap(({ role, title, examples }) =>
    examples.map((line) => [role, title, line] as const),
  );
  test.each(examples)("%s, %s: %s", (role, title, line) => {
    const [example = {}] = events(`${line}\n`);
    expect(Object.keys(example)[0]).toBe("event");
    expect(JSON.stringify(example)).toBe(line);
    expect(documentationOf(role, example).map((known) => known.title)).toEqual([title]);
  });
});

describe.each([
  ["connect", toldByConnect],
  ["serve", toldByServe],
])("what %s tells is what is documented", (role, told) => {
  test("each event with exactly its fields, and each event and field is really seen", async () => {
    using folder = new TemporaryFolder();
    const seen = new Map<string, Set<string>>();
    for (const event of await told(folder)) {
      const [known, ...others] = documentationOf(role, event);
      expect(others, JSON.stringify(event)).toEqual([]);
      expect(known, `is not as documented: ${JSON.stringify(event)}`).toBeDefined();
      const entries = Array.isArray(event["entries"]) ? event["entries"] : [];
      const fields = [
        ...Object.keys(event),
        ...entries.flatMap((entry) => Object.keys(Object(entry)).map((name) => `entry ${name}`)),
      ];
      const title = known?.title ?? "";
      seen.set(title, new Set([...(seen.get(title) ?? []), ...fields]));
    }
    const documented = DOCUMENTED.filter((known) => known.role === role).map((known) => {
      const inner = [...(known.fields.get("entries")?.entries?.keys() ?? [])];
      const fields = ["event", ...known.fields.keys(), ...inner.map((name) => `entry ${name}`)];
      return [known.title, new Set(fields)] as const;
    });
    expect(seen).toEqual(new Map(documented));
  });
});

test("seconds have no more than six digits behind the point", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a"), "a");
  await using server = await ServerProcess.start(folder.join("server"), ["--json"]);
  const gets = Array.from({ length: 20 }, () => "GET a").join(";");
  const ran = await connect(folder.join("client"), server.port, gets, "--json");
  await server.waitFor(/"disconnected"/);
  const lines = `${ran.stdout}${server.stdout}`.split("\n");
  const told = lines.filter((line) => line.includes('"transferred"'));
  expect(told).toHaveLength(40);
  for (const line of told) expect(line).toMatch(/"seconds":\d+(?:\.\d{1,6})?}$/);
});
