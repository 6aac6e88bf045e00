import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import {
  EVIL,
  EVIL_ENCODED,
  expectAllHarmless,
  expectHarmless,
  MARKS,
} from "../../support/evil.ts";
import { publishedUnder, read, write } from "../../support/files.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { connect, run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { block, fileDigest } from "../../support/wire.ts";

const GREETING = "220 protocol=1 server=evil/1 auth=none pipeline=1024\n";
const hello = Buffer.from("hello");

const join = (...pieces: (string | Uint8Array)[]): Buffer =>
  Buffer.concat(pieces.map((piece) => Buffer.from(piece)));

/** A listing that holds these entries, or lines. */
function listing(...entries: (object | string)[]): Buffer {
  const lines = entries.map((entry) => (typeof entry === "string" ? entry : JSON.stringify(entry)));
  return join("150\n", block(Buffer.from(`${lines.join("\n")}\n`)), "226\n");
}

const file = (path: string): object => ({ path, type: "file", size: 5, mtime: 0, exec: false });
const folder = (path: string): object => ({ path, type: "folder", size: 0, mtime: 0 });
const refused = (path: string, reason: string): object => ({ path, type: "refused", reason });

const FILE = join(
  "150 size=5 mtime=0 offset=0\n",
  block(hello),
  `226 digest=${fileDigest(hello)}\n`,
);
const TREE = listing(file(`d/${EVIL}`), folder(`d/x${EVIL}`), refused("d/r", EVIL), file("d/ok"));

/** Every way in that a server has: what it answers, and to what. */
const WAYS: readonly (readonly [string, Record<string, string | Uint8Array>, string])[] = [
  ["names of a listing", { LIST: TREE }, "LS d"],
  ["names that are got", { LIST: TREE, GET: FILE }, "GET -r d"],
  ["names that are got, told one by one", { LIST: TREE, GET: FILE }, "GET -v -r d"],
  ["names that would be got", { LIST: TREE }, "GET -n -r d"],
  ["names that a pattern matches", { LIST: TREE, GET: FILE }, "GET d/* there/"],
  ["names that are mirrored", { LIST: TREE, GET: FILE }, "MIRROR d here"],
  [
    "names that are deleted",
    { LIST: TREE, DELETE: "250\n", END: "226\n" },
    "MIRROR -R --delete mine d",
  ],
  ["names that would be deleted", { LIST: TREE }, "MIRROR -n -R --delete mine d"],
  ["a name that is not in what was listed", { LIST: listing(file(EVIL)) }, "GET -r d"],
  ["a type", { LIST: listing({ path: "d/a", type: EVIL }) }, "LS d"],
  ["a line that is no JSON", { LIST: listing(`{"path": ${EVIL.replaceAll("\n", "")}`) }, "LS d"],
  ["why a folder cannot be listed", { LIST: `550 not-found ${EVIL_ENCODED}\n` }, "LS d"],
  ["why a listing fails in its middle", { LIST: `150\n450 changed ${EVIL_ENCODED}\n` }, "GET -r d"],
  ["why a file cannot be got", { GET: `550 not-found There is no ${EVIL_ENCODED}\n` }, "GET f"],
  ["why one of several cannot", { LIST: TREE, GET: `553 denied ${EVIL_ENCODED}\n` }, "GET -r d"],
  [
    "why a file breaks off",
    { GET: `150 size=5 mtime=0 offset=0\n450 changed ${EVIL_ENCODED}\n` },
    "GET f",
  ],
  ["why it closes", { GET: `421 closing ${EVIL_ENCODED}\n` }, "GET f"],
  ["why a file cannot be stored", { END: `553 denied ${EVIL_ENCODED}\n` }, "PUT f"],
  ["why a part is not known", { HELD: `451 failed ${EVIL_ENCODED}\n` }, "PUT big"],
  [
    "why a folder cannot be made",
    { MKDIR: `553 denied ${EVIL_ENCODED}\n`, END: "226\n" },
    "PUT -r mine",
  ],
  ["an unknown code", { GET: `599 strange ${EVIL_ENCODED}\n` }, "GET f"],
  ["the word of a failure", { GET: `550 ${EVIL_ENCODED} no\n` }, "GET f"],
  ["a raw word", { GET: `550 ${EVIL.replaceAll("\n", "")} no\n` }, "GET f"],
  ["a raw message", { GET: `550 not-found ${EVIL.replaceAll("\n", "")}\n` }, "GET f"],
  ["a field", { GET: `150 size=${EVIL_ENCODED} mtime=0 offset=0\n` }, "GET f"],
  ["a digest", { GET: `150 size=0 mtime=0 offset=0\n226 digest=${EVIL_ENCODED}\n` }, "GET f"],
  [
    "a field that nobody knows",
    { GET: `150 size=0 mtime=0 offset=0 x=${EVIL_ENCODED}\n` },
    "GET f",
  ],
  ["the header of a block", { GET: `150 size=5 mtime=0 offset=0\n+5 ${EVIL}\n` }, "GET f"],
  [
    "what a file is",
    { STAT: `213 type=${EVIL_ENCODED} size=1 mtime=0\n`, END: "226\n" },
    "PUT f there",
  ],
  ["a long listing", { LIST: TREE }, "LS --long --recursive d"],
  ["names that are removed", { LIST: TREE, DELETE: `553 denied ${EVIL_ENCODED}\n` }, "RM -r d"],
  ["names that would be removed", { LIST: TREE }, "RM -n d/*"],
  ["why a folder stays", { DELETE: `553 not-empty ${EVIL_ENCODED}\n` }, "RMDIR d"],
  ["why nothing is moved", { RENAME: `553 exists ${EVIL_ENCODED}\n` }, "MV a b"],
  ["why no folder is made", { MKDIR: `553 denied ${EVIL_ENCODED}\n` }, "MKDIR a"],
  ["why nobody can go there", { STAT: `553 not-a-file ${EVIL_ENCODED}\n` }, "CD a"],
  [
    "what STAT tells",
    { STAT: `213 type=file size=1 mtime=0 digest=${EVIL_ENCODED}\n` },
    "STAT -d a",
  ],
  ["a type that STAT tells", { STAT: `213 type=${EVIL_ENCODED} size=1 mtime=0\n` }, "STAT a"],
];

const GREETINGS: readonly (readonly [string, string])[] = [
  ["its name", `220 protocol=1 server=${EVIL_ENCODED} auth=none pipeline=1024\n`],
  ["its features", `220 protocol=1 server=x auth=none pipeline=1 features=${EVIL_ENCODED}\n`],
  ["its version", `220 protocol=${EVIL_ENCODED} server=x auth=none\n`],
  ["its login", `220 protocol=1 server=x auth=${EVIL_ENCODED}\n`],
  ["why it is busy", `421 busy ${EVIL_ENCODED}\n`],
  ["another code", `299 x=${EVIL_ENCODED}\n`],
  ["something else than a greeting", `${EVIL}\n`],
  ["a raw name", `220 protocol=1 server=${EVIL} auth=none\n`],
];

/** A server that greets like this, and answers each verb with these bytes. */
function evilServer(
  greeting: string,
  answers: Readonly<Record<string, string | Uint8Array>>,
): Promise<PlayedServer> {
  return PlayedServer.start((line, socket) => {
    if (line === undefined) return greeting;
    const [verb = ""] = line.split(" ");
    if (verb === "QUIT") socket.end("221\n");
    if (verb === "ABORT") return "426 aborted Cancelled\n225\n";
    return answers[verb] ?? (["MKDIR", "STAT"].includes(verb) ? "550 not-found No\n" : "");
  });
}

/** A client's folder with something to send. */
function prepare(place: TemporaryFolder): void {
  write(place.join("client/f"), "f");
  write(place.join("client/big"), Buffer.alloc(300_000));
  write(place.join("client/mine/f"), "f");
  mkdirSync(place.join("client/mine/empty"));
}

describe.each([
  ["for people", []],
  ["as JSON", ["--json"]],
])("nothing of what a server says is obeyed by a terminal, %s:", (_, flags) => {
  const json = flags.length > 0;

  test.each(WAYS)("%s", async (what, answers, command) => {
    using place = new TemporaryFolder();
    prepare(place);
    await using server = await evilServer(GREETING, answers);
    const args = ["--timeout", "1", ...flags];
    const ran = await connect(place.join("client"), server.port, `-${command}; HELP`, ...args);
    expectAllHarmless(ran, what, json);
    // It did come that far.
    expect(ran.stderr + ran.stdout, what).toContain("onnect");
  });

  test.each(GREETINGS)("%s", async (what, greeting) => {
    using place = new TemporaryFolder();
    await using server = await evilServer(greeting, {});
    const ran = await connect(
      place.join("client"),
      server.port,
      "HELP",
      "--timeout",
      "1",
      ...flags,
    );
    expectAllHarmless(ran, what, json);
  });
});

test("what is made visible is told, so that a person knows what a server said", async () => {
  using place = new TemporaryFolder();
  const answers = { GET: `550 not-found ${EVIL_ENCODED}\n`, LIST: TREE };
  await using server = await evilServer(GREETING, answers);
  const ran = await connect(place.join("client"), server.port, "-GET f; LS d");
  for (const text of [ran.stderr, ran.stdout]) {
    expect(text).toContain(String.raw`\x1b[31;45mred\x1b]0;title\x07\x1bc\x9b2J\x85\x0d\x08\x7f`);
    expect(text).toContain(String.raw`\u202egnp.exe\u2066\u200f\u061c\u2028\u2029\x09\x0aDELETE b`);
  }
});

test("at a terminal: names in listings, questions and failures", async () => {
  using place = new TemporaryFolder();
  const answers = {
    LIST: listing(file(EVIL), file("ok"), folder(`x${EVIL}`), refused("r", EVIL)),
    GET: `550 not-found ${EVIL_ENCODED}\n`,
  };
  await using server = await evilServer(GREETING, answers);
  await using shell = new TerminalProgram(["connect", String(server.port)], place.path);
  const prompt = /127\.0\.0\.1:\d+> [^\n]*$/;
  await shell.waitFor(prompt);
  await shell.type("LS", prompt);
  await shell.type("GET -r /", prompt);
  await shell.type("GET f", prompt);
  await shell.type("MGET -i *", /\(yes, no, all, quit\) \[yes\] [^\n]*$/);
  await shell.type("all", prompt);
  await shell.type("MIRROR -n /", prompt);
  for (const mark of MARKS) {
    expect(shell.raw.includes(mark), JSON.stringify(mark)).toBe(false);
  }
  expect(shell.raw).toContain(String.raw`\x1b]0;title`);
});

test("a server that leaves while nobody asks, at a terminal", async () => {
  using place = new TemporaryFolder();
  const leaving = Promise.withResolvers<() => void>();
  await using server = await PlayedServer.start((line, socket) => {
    leaving.resolve(() => socket.end(`421 closing ${EVIL_ENCODED}\n`));
    return line === undefined ? GREETING : "";
  });
  await using shell = new TerminalProgram(["connect", String(server.port)], place.path);
  await shell.waitFor(/127\.0\.0\.1:\d+> [^\n]*$/);
  (await leaving.promise)();
  await shell.waitFor(/the server left\s+\(/);
  for (const mark of MARKS) expect(shell.raw.includes(mark)).toBe(false);
});

describe("names on this side", () => {
  const LOCAL = EVIL.replaceAll("\0", "");

  test.each([
    ["for people", []],
    ["as JSON", ["--json"]],
  ])("are shown harmlessly by every command, %s", async (_, flags) => {
    using place = new TemporaryFolder();
    write(place.join("client/tree", LOCAL), "x");
    write(place.join("client/tree", `x${LOCAL}`, "f"), "x");
    write(place.join("client/tree/ok"), "x");
    write(place.join("server/f"), "x");
    writeFileSync(
      Buffer.concat([Buffer.from(place.join("client/tree/\u001b")), Buffer.from([0x9b, 0xff])]),
      "x",
    );
    await using server = await ServerProcess.start(place.join("server"), flags);
    const word = `'${LOCAL}'`;
    for (const command of [
      "PUT -r tree",
      "PUT -v -r tree",
      "PUT -n -r tree",
      "PUT tree/*",
      "MPUT tree/*",
      "MIRROR -R tree there",
      "MIRROR --delete there tree2",
      "MIRROR -n --delete there tree",
      `PUT tree/${word}`,
      `PUT tree/ok ${word}`,
      `GET ${word}`,
      `GET f ${word}`,
      `GET f ${word}/`,
      `GET f 'x${LOCAL}/y'`,
      `LS ${word}`,
      `GET -r ${word}`,
      `GET -f 'none${LOCAL}' -`,
      `MIRROR ${word}`,
      `OPEN ${word}`,
      `OPEN ${word} 1`,
      `HELP ${word}`,
      `CD ${word}`,
      `LCD ${word}`,
      `LCD tree; LLS; LLS -l; LPWD`,
      `LCD 'tree/x${LOCAL}'; LPWD; LLS`,
      `LLS tree`,
      `LLS -l tree`,
      `LLS ${word}`,
      `STAT ${word}`,
      `MKDIR ${word}`,
      `RMDIR ${word}`,
      `RM ${word}`,
      `RM -r ${word}`,
      `MV ${word} a`,
      `MV f ${word}`,
      `LS ${word} ${word}`,
      word,
      `GET --x${LOCAL.replaceAll(/\s/g, "")} f`,
      `'${LOCAL}`,
    ]) {
      const ran = await connect(place.join("client"), server.port, command, ...flags);
      expectAllHarmless(ran, command, flags.length > 0);
      expect(ran.stderr, command).not.toContain("internal error");
    }
    const script = place.join("script");
    write(script, `-GET ${word}\nLS\n${LOCAL}\n`);
    const address = String(server.port);
    const root = place.join("client");
    const ran = await run(["connect", address, "--root", root, "-b", script, ...flags]);
    expectAllHarmless(ran, "a script", flags.length > 0);
    expect(ran.status).toBe(2);
    await server.stop();
    expectHarmless(server.log, "the server's log");
    expect(server.log).toContain("MKDIR");
  });

  test("in flags, words and the environment of both commands", async () => {
    using place = new TemporaryFolder();
    write(place.join("file"), "");
    const cwd = place.path;
    const bad = `${place.join("file")}/${LOCAL}`;
    for (const args of [
      [LOCAL],
      [`--${LOCAL}`],
      ["help", LOCAL],
      ["--version", LOCAL],
      ...["serve", "connect"].flatMap((command) => [
        [command, `--${LOCAL}`],
        [command, `--json=${LOCAL}`],
        [command, LOCAL, LOCAL],
        [command, "--root", bad],
        [command, "--root", LOCAL, "--port", LOCAL],
      ]),
      ["serve", "--port", LOCAL],
      ["serve", "--host", LOCAL],
      ["serve", "--grace", LOCAL],
      ["serve", "--min-rate", LOCAL],
      ["connect", LOCAL],
      ["connect", `${LOCAL}:1`, "-c", "HELP"],
      ["connect", "-b", LOCAL],
      ["connect", "--timeout", LOCAL],
      ["connect", "--retries", LOCAL],
      ["connect", "-c", LOCAL],
    ]) {
      const ran = await run(args, { cwd });
      expectAllHarmless(ran, JSON.stringify(args));
      expect(ran.status, JSON.stringify(args)).not.toBe(0);
    }
    for (const lines of [
      LOCAL,
      `${LOCAL} = 1`,
      `[${LOCAL}]`,
      `[serve]\n"${LOCAL}" = 1`,
      `[serve]\nport = "${LOCAL}"`,
    ]) {
      write(place.join("config"), lines);
      const ran = await run(["serve", "--config", place.join("config")], { cwd });
      expectAllHarmless(ran, lines);
      expect(ran.status, lines).not.toBe(0);
    }
    for (const name of [
      "SFTP_PORT",
      "SFTP_HOST",
      "SFTP_SERVE_ROOT",
      "SFTP_GRACE",
      "SFTP_MIN_RATE",
    ]) {
      const env = { [name]: name === "SFTP_SERVE_ROOT" ? bad : LOCAL };
      const ran = await run(["serve"], { cwd, env });
      expectAllHarmless(ran, name);
      expect(ran.status, name).not.toBe(0);
    }
    for (const name of ["SFTP_CONNECT_ROOT", "SFTP_TIMEOUT", "SFTP_RETRIES", "SFTP_KEEP_PARTIAL"]) {
      const env = { [name]: name === "SFTP_CONNECT_ROOT" ? bad : LOCAL };
      const ran = await run(["connect", "-c", "HELP"], { cwd, env });
      expectAllHarmless(ran, name);
      expect(ran.status, name).not.toBe(0);
    }
  });

  test.each([
    ["for people", []],
    ["as JSON", ["--json"]],
  ])("a root with such a name is served and told, %s", async (_, flags) => {
    using place = new TemporaryFolder();
    write(place.join("file"), "");
    await using server = await ServerProcess.start(place.join(LOCAL), flags);
    expectHarmless(server.log, "the first line");
    const ran = await connect(
      place.join(`client${LOCAL}`),
      server.port,
      "PUT none; GET none",
      ...flags,
    );
    expectAllHarmless(ran, "a client's root", flags.length > 0);
  });
});

describe("the server's log", () => {
  test.each([
    ["for people", []],
    ["as JSON", ["--json"]],
  ])("shows what clients say harmlessly, %s", async (_, flags) => {
    using place = new TemporaryFolder();
    write(place.join("root", EVIL), "there");
    await using server = await ServerProcess.start(place.join("root"), flags);
    using client = await RawClient.open(server.port);
    const key = "0123456789abcdef0123456789abcdef";
    for (const line of [
      `GET ${EVIL_ENCODED}`,
      `GET none${EVIL_ENCODED}`,
      `STAT ${EVIL_ENCODED} digest=1`,
      `LIST none${EVIL_ENCODED}`,
      `HELD ${EVIL_ENCODED} part=${key}`,
      `MKDIR ${EVIL_ENCODED}`,
      `RENAME ${EVIL_ENCODED} to=x${EVIL_ENCODED}`,
      `RENAME ${EVIL_ENCODED} to=moved`,
      `DELETE none${EVIL_ENCODED}`,
      `GET moved offset=${EVIL_ENCODED}`,
      `GET moved ${"x".repeat(30)}=${EVIL_ENCODED}`,
    ]) {
      const reply = await client.sendLine(line).reply();
      expect(reply, line).toMatch(/^[ -~]+$/);
      if (reply.startsWith("150")) await client.body();
    }
    client.send(`PUT ${EVIL_ENCODED}\n`, block(hello), "END\n");
    expect(await client.reply()).toStartWith("553 name ");
    for (const raw of [`GET ${EVIL}`, EVIL, `${EVIL} x`, `PUT x\n${EVIL}`, `NOOP\n+${EVIL}`]) {
      using rude = await RawClient.open(server.port);
      rude.send(`${raw}\n`);
      expect(await rude.rest()).toMatch(/^(?:[ -~]+\n)+$/);
    }
    client.sendLine("QUIT");
    await client.rest();
    await server.stop();
    expectHarmless(server.log, "the log");
    if (flags.length > 0) expect(server.stdout).toMatch(/^(?:[ -~]+\n)+$/);
    expect(server.log).toContain(
      flags.length > 0 ? String.raw`\u001b[31;45m` : String.raw`\x1b[31;45m`,
    );
    expect(server.log).toContain("broke the protocol");
  });
});

describe("a file whose name holds a second command", () => {
  const NAME = "a\nDELETE b";

  test.each([
    ["PUT -r mine there/", "there/mine"],
    ["PUT mine/* there/", "there"],
    ["MIRROR -R mine there", "there"],
    [`PUT 'mine/${NAME}'`, "mine"],
    [`PUT mine/ok 'there/${NAME}'`, "there"],
    [`MPUT mine/a*`, "mine"],
  ])("%j sends one name, which is refused, and nothing is deleted", async (command, there) => {
    using place = new TemporaryFolder();
    write(place.join("client/mine", NAME), "x");
    write(place.join("client/mine/ok"), "ok");
    for (const kept of ["b", `${there}/b`]) write(place.join("server", kept), "kept");
    await using server = await ServerProcess.start(place.join("server"), ["--json"]);
    const ran = await connect(place.join("client"), server.port, command);
    expect(ran.status, ran.stderr).toBe(6);
    expect(ran.stderr).toContain(String.raw`a\x0aDELETE b`);
    expect(read(place.join("server/b"))?.toString()).toBe("kept");
    expect(read(place.join("server", there, "b"))?.toString()).toBe("kept");
    expect(publishedUnder(place.join("server")).filter((name) => name.includes("\n"))).toEqual([]);
    await server.stop();
    expect(server.log).not.toContain('"verb":"DELETE"');
  });

  test.each(["GET", "GET -r", "MIRROR", "LS"])("%s asks for one name", async (command) => {
    using place = new TemporaryFolder();
    write(place.join("server/b"), "kept");
    write(place.join("server/d", NAME), "x");
    await using server = await ServerProcess.start(place.join("server"), ["--json"]);
    await connect(place.join("client"), server.port, `-${command} 'd/${NAME}'; -${command} d`);
    expect(read(place.join("server/b"))?.toString()).toBe("kept");
    await server.stop();
    expect(server.log).not.toContain('"verb":"DELETE"');
  });
});
