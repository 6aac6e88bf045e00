/**
 * docs/PROTOCOL.md is all that is needed to write a client: one in Python, made from that page alone,
 * talks to the real server here, and the page's own conversations are replayed.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { filesUnder, read, write } from "../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";
import { Transcript } from "../support/transcript.ts";

const CLIENT = join(import.meta.dir, "client.py");
const PAGE = readFileSync(join(import.meta.dir, "../../docs/PROTOCOL.md"), "utf8");
const BLOCK = 262_144;

setDefaultTimeout(240_000);

/** What each script begins with: `tell` prints a line of JSON, an answer without its message. */
const PRELUDE = `
import json, sys
from client import Client, BLOCK
def brief(thing):
    if isinstance(thing, bytes): return thing.decode()
    return f"{thing.code} {thing.word}" if thing.word else str(thing)
def tell(*things):
    for thing in things: print(json.dumps(thing, default=brief))
port = int(sys.argv[1])
`;

/** Starts Python. */
function python(args: readonly string[]): Bun.Subprocess<"pipe", "pipe", "pipe"> {
  const program = Bun.which("python3");
  if (program === null) throw new Error("python3 is not installed, and this test needs it");
  return Bun.spawn([program, ...args], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, PYTHONPATH: import.meta.dir, PYTHONDONTWRITEBYTECODE: "1" },
  });
}

/** The same reply, several times. */
function times(count: number, reply: string): string[] {
  return Array.from({ length: count }, () => reply);
}

/** Takes the indentation of these tests from a script. */
function without(indent: string, script: string): string {
  return script.replaceAll(`\n${indent}`, "\n");
}

/** Runs a script over the client as a library, and gives what it told. */
async function tells(port: number, script: string): Promise<unknown[]> {
  const indent = /^\n( *)/.exec(script)?.[1] ?? "";
  const child = python(["-c", PRELUDE + without(indent, script), String(port)]);
  await child.stdin.end();
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(stderr).toBe("");
  expect(await child.exited).toBe(0);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

/** The same, of a script that begins with a connection named `client`. */
function asks(port: number, script: string): Promise<unknown[]> {
  const indent = /^\n( *)/.exec(script)?.[1] ?? "";
  return tells(port, `\nclient = Client(port)${without(indent, script)}`);
}

interface Called {
  readonly status: number;
  readonly content: Buffer;
  readonly reply: string;
}

/** Calls the client's command line. */
async function call(
  port: number,
  args: readonly string[],
  input: string | Uint8Array = "",
): Promise<Called> {
  const child = python([CLIENT, String(port), ...args]);
  void child.stdin.write(input);
  await child.stdin.end();
  const [content, reply] = await Promise.all([
    new Response(child.stdout).arrayBuffer(),
    new Response(child.stderr).text(),
  ]);
  return { status: await child.exited, content: Buffer.from(content), reply: reply.trimEnd() };
}

/** A server with a folder of its own. */
class Served implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly #server: ServerProcess;

  private constructor(folder: TemporaryFolder, server: ServerProcess) {
    this.#folder = folder;
    this.#server = server;
  }

  static async start(plant: Readonly<Record<string, string | Uint8Array>> = {}): Promise<Served> {
    const folder = new TemporaryFolder();
    for (const [path, content] of Object.entries(plant)) write(folder.join(path), content);
    return new Served(folder, await ServerProcess.start(folder.path));
  }

  get port(): number {
    return this.#server.port;
  }

  /** A path in the folder. */
  at(...parts: string[]): string {
    return this.#folder.join(...parts);
  }

  /** The names of the files in it, but for the server's own. */
  get files(): string[] {
    return filesUnder(this.#folder.path).filter((path) => !path.startsWith(".sftp-staging"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** Sets a file's or folder's time, in milliseconds: half of one more, as a fraction is cut off. */
function setTime(path: string, ms: number): void {
  utimesSync(path, (ms + 0.5) / 1000, (ms + 0.5) / 1000);
}

test("python3 is there", () => {
  expect(Bun.which("python3"), "python3 is not installed, and this test needs it").not.toBeNull();
});

test("the greeting is the page's", async () => {
  await using served = await Served.start();
  const told = await asks(served.port, `\ntell(client.greeting, client.greeting.fields)`);
  expect(told).toEqual([
    /S: (220 .*)/.exec(PAGE)?.[1],
    {
      protocol: "1",
      server: "sftp/1.0.0",
      auth: "none",
      pipeline: "1024",
      features: "pack,unpack",
    },
  ]);
});

test("GET sends what is there, and says why it cannot", async () => {
  const content = randomBytes(2 * BLOCK + 17);
  await using served = await Served.start({ "deep/large": content, "empty ü": "", run: "#!" });
  setTime(served.at("deep/large"), 1_763_800_000_123);
  chmodSync(served.at("run"), 0o755);
  symlinkSync("run", served.at("link"));
  const got = await call(served.port, ["GET", "deep/large"]);
  expect(got.status).toBe(0);
  expect(got.content.equals(content)).toBe(true);
  expect(got.reply).toMatch(/^226 digest=[0-9a-f]{16}$/);
  expect(await call(served.port, ["GET", "nothing"])).toMatchObject({
    status: 1,
    reply: expect.stringMatching(/^550 not-found \S/),
  });
  const told = await asks(
    served.port,
    `
    answer, _ = client.get("deep/large")
    tell(answer.head, len(answer.digests))
    answer, content = client.get("empty ü")
    tell(answer, content, answer.digests)
    tell(client.ask("GET", "run").head["exec"])
    for path in "nothing", "deep", "link", "link/x", "a//b", "deep/", "..", "", "a\\0b", "x" * 256:
        tell(client.ask("GET", path))
    tell(client.ask("GET", "run", x=1))
    `,
  );
  expect(told).toEqual([
    { size: String(content.length), mtime: "1763800000123", offset: "0" },
    3,
    "226 digest=2d06800538d394c2",
    "",
    [],
    "1",
    "550 not-found",
    "553 not-a-file",
    "553 not-a-file",
    "553 not-a-file",
    "553 name",
    "553 name",
    "553 name",
    "501 argument",
    "553 name",
    "553 name",
    "501 argument",
  ]);
});

test("the page's table of digests holds, both ways", async () => {
  const contents: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    "`abc`": Buffer.from("abc"),
    "`hello`": Buffer.from("hello"),
    "one zero byte": Buffer.alloc(1),
    "262,144 zero bytes": Buffer.alloc(BLOCK),
    "262,145 zero bytes": Buffer.alloc(BLOCK + 1),
  };
  const rows = [...PAGE.matchAll(/^\| (.+?) +\| (none|`[0-9a-f]{16}`.*?) +\| `([0-9a-f]{16})` /gm)];
  expect(rows.map(([, name]) => name)).toEqual(Object.keys(contents));
  await using served = await Served.start(
    Object.fromEntries(Object.values(contents).map((content, i) => [`in-${i}`, content])),
  );
  const told = await asks(
    served.port,
    `
    for i in range(${rows.length}):
        answer, content = client.get(f"in-{i}")
        stored = client.put(f"out-{i}", [content], digest=answer.fields["digest"]).result()
        stat = client.ask("STAT", f"out-{i}", digest=1)
        tell([answer.digests, *(one.fields["digest"] for one in (answer, stored, stat))])
    `,
  );
  expect(told).toEqual(
    rows.map(([, , blocks = "", file]) => [
      [...blocks.matchAll(/[0-9a-f]{16}/g)].map(String),
      file,
      file,
      file,
    ]),
  );
  for (const [i, content] of Object.values(contents).entries()) {
    expect(read(served.at(`out-${i}`))?.equals(content)).toBe(true);
  }
});

test("PUT stores with and without a size, a time, the right to execute", async () => {
  await using served = await Served.start({ old: "old" });
  const content = randomBytes(3 * BLOCK + 1);
  for (const fields of [[], [`size=${content.length}`, "mtime=1763800000123", "exec=1"]]) {
    const put = await call(served.port, ["PUT", "new/à b%/large", ...fields], content);
    expect(put).toMatchObject({ status: 0, reply: expect.stringMatching(/^226 size=786433 dig/) });
    expect(read(served.at("new/à b%/large"))?.equals(content)).toBe(true);
  }
  const { mtimeMs, mode } = statSync(served.at("new/à b%/large"));
  expect(mtimeMs).toBe(1_763_800_000_123);
  expect(mode & 0o100).toBe(0o100);
  const told = await asks(
    served.port,
    `
    size = 2 * BLOCK
    pieces = (bytes([i % 251]) * 1000 for i in range(size // 1000 + 1))
    tell(client.put("pieces", pieces).result().fields["size"])
    tell(client.put("even", [bytes(size)], size=size).result().fields["size"])
    tell(client.put("old", [b"new"]).result())
    tell(client.put("nothing", []).result())
    `,
  );
  expect(told).toEqual([
    "525000",
    "524288",
    expect.stringMatching(/^226 size=3 /),
    "226 size=0 digest=2d06800538d394c2",
  ]);
  const pieces = Array.from({ length: 525 }, (_, i) => Buffer.alloc(1000, i % 251));
  expect(read(served.at("pieces"))?.equals(Buffer.concat(pieces))).toBe(true);
  expect(read(served.at("even"))?.equals(Buffer.alloc(2 * BLOCK))).toBe(true);
  expect(read(served.at("old"))?.toString()).toBe("new");
  expect(read(served.at("nothing"))?.length).toBe(0);
});

test("PUT says why it cannot, and the connection goes on", async () => {
  await using served = await Served.start({ "folder/file": "old" });
  symlinkSync("nowhere", served.at("link"));
  const told = await asks(
    served.port,
    `
    def put(path, pieces=[b"new"], **fields):
        tell(client.put(path, pieces, **fields).result())
    put("folder/file", **{"if": "absent"})
    put("folder/file", (bytes(BLOCK) for _ in range(100)), **{"if": "absent"})
    put("folder")
    put("link")
    put("folder/file/below")
    put("link/below")
    for name in "con", "nul.txt", "a:b", "a\\\\b", "a.", "a ", "e\\u0301", "a\\x07", ".SFTP-Staging/a", "..":
        put(name)
    put("huge", [bytes(BLOCK)], size=2**53 - 1)
    put("short", size=4, pieces=[])
    put("damaged", digest="0" * 16)
    put("")
    for key, value in {"size": "x", "mtime": -1, "exec": 0, "if": "present", "other": 1}.items():
        put("argument", **{key: value})
    put("argument", digest="XYZ")
    put("fresh", **{"if": "absent"})
    tell(client.ask("NOOP"))
    `,
  );
  expect(told).toEqual([
    "553 exists",
    "553 exists",
    ...times(4, "553 not-a-file"),
    ...times(10, "553 name"),
    "452 space",
    "551 mismatch",
    "551 mismatch",
    ...times(7, "501 argument"),
    expect.stringMatching(/^226 size=3 /),
    "200",
  ]);
  expect(read(served.at("folder/file"))?.toString()).toBe("old");
  expect(served.files).toEqual(["folder/file", "fresh", "link"]);
});

test("ABORT inside of a body forgets the upload", async () => {
  await using served = await Served.start({ kept: "old" });
  const told = await asks(
    served.port,
    `
    def broken():
        yield bytes(BLOCK + 1)
        raise EOFError
    tell(client.put("kept", [b"new", None]).result())
    tell(client.put("kept", [bytes(BLOCK), b"new", None], size=BLOCK + 10).result())
    try:
        client.put("other", broken())
    except EOFError:
        tell("broken")
    tell(client.ask("STAT", "other"), client.ask("NOOP"))
    `,
  );
  expect(told).toEqual(["426 aborted", "426 aborted", "broken", "550 not-found", "200"]);
  expect(read(served.at("kept"))?.toString()).toBe("old");
  expect(served.files).toEqual(["kept"]);
});

test("LIST tells of folders, of files, and of what cannot be served", async () => {
  await using served = await Served.start({ "z/a b": "hello", "z/ü/deep": "", top: "top" });
  symlinkSync("top", served.at("link"));
  for (const path of ["top", "z/a b", "z/ü/deep", "z/ü", "z"]) setTime(served.at(path), 1000);
  chmodSync(served.at("top"), 0o700);
  const told = await asks(
    served.port,
    `
    for path, fields in ("", {}), ("", {"recursive": 1}), ("z", {}), ("top", {"recursive": 1}), ("z/ü", {}):
        answer, lines = client.list(path, **fields)
        tell([str(answer), [json.loads(line) for line in lines.splitlines()]])
    for path in "nothing", "link", "..":
        tell(client.ask("LIST", path))
    tell(client.ask("LIST", "z", recursive=2))
    `,
  );
  const entry = (path: string, type: string, size: number, exec = false): object => ({
    path,
    type,
    size,
    mtime: 1000,
    exec,
  });
  const top = entry("top", "file", 3, true);
  const z = entry("z", "folder", 0);
  const inZ = [entry("z/a b", "file", 5), entry("z/ü", "folder", 0)];
  const deep = entry("z/ü/deep", "file", 0);
  const link: unknown = expect.objectContaining({ path: "link", type: "refused" });
  const bodies = [[top, z, link], [top, z, link, ...inZ, deep], inZ, [top], [deep]];
  expect(told).toEqual([
    ...bodies.map((body): unknown => {
      const inAnyOrder: unknown = expect.arrayContaining(body);
      return ["226", inAnyOrder];
    }),
    "550 not-found",
    "553 not-a-file",
    "553 name",
    "501 argument",
  ]);
  const lists = told.slice(0, bodies.length) as [string, { path: string }[]][];
  expect(lists.map(([, list]) => list.length)).toEqual(bodies.map((body) => body.length));
  const paths = (lists[1]?.[1] ?? []).map(({ path }) => path);
  for (const path of paths) {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (folder !== "") expect(paths.indexOf(folder)).toBeLessThan(paths.indexOf(path));
  }
});

test("LIST puts whole lines in each block of a long body", async () => {
  const names = Array.from({ length: 4000 }, (_, i) => `${i}-a-name-of-some-length`);
  await using served = await Served.start(Object.fromEntries(names.map((name) => [name, ""])));
  const told = await asks(
    served.port,
    `
    blocks = []
    answer = client.ask("LIST", "", blocks.append)
    tell(answer, len(blocks) > 1, all(block.endswith(b"\\n") for block in blocks))
    tell(sorted(json.loads(line)["path"] for line in b"".join(blocks).splitlines()))
    `,
  );
  expect(told).toEqual(["226", true, true, names.toSorted()]);
});

test("STAT tells of one, with its digest where that is asked for", async () => {
  await using served = await Served.start({ "z/a b": "hello" });
  symlinkSync("z", served.at("link"));
  chmodSync(served.at("z/a b"), 0o755);
  for (const path of ["z/a b", "z", "."]) setTime(served.at(path), 1_763_800_000_123);
  const told = await asks(
    served.port,
    `
    tell(client.ask("STAT", "z/a b"), client.ask("STAT", "z/a b", digest=1))
    tell(client.ask("STAT", "z"), client.ask("STAT"))
    for path in "nothing", "link", "link/a b", "z/a b/below", "z/..":
        tell(client.ask("STAT", path))
    tell(client.ask("STAT", "z/a b", digest=0))
    `,
  );
  const file = "213 type=file size=5 mtime=1763800000123 exec=1";
  expect(told).toEqual([
    file,
    `${file} digest=4e01c226b2333809`,
    "213 type=folder size=0 mtime=1763800000123",
    "213 type=folder size=0 mtime=1763800000123",
    "550 not-found",
    "553 not-a-file",
    "553 not-a-file",
    "553 not-a-file",
    "553 name",
    "501 argument",
  ]);
});

test("MKDIR, RENAME and DELETE change the tree, and say why they cannot", async () => {
  await using served = await Served.start({ file: "hello", "full/file": "", "gone/a": "" });
  const told = await asks(
    served.port,
    `
    def ask(*request, **fields):
        tell(client.ask(*request, **fields))
    ask("MKDIR", "made/à b/c")
    ask("MKDIR", "full")
    ask("MKDIR", "file/below")
    ask("MKDIR", "a/aux")
    ask("MKDIR")
    ask("RENAME", "file", to="made/à b/100% = done")
    ask("RENAME", "full", to="made/moved")
    ask("RENAME", "file", to="other")
    ask("RENAME", "made/moved", to="gone")
    ask("RENAME", "made/moved", to="nowhere/x")
    ask("RENAME", "made", to="made/à b/x")
    ask("RENAME", "gone", to="..")
    ask("RENAME", "gone", to="gone:")
    ask("RENAME", "gone")
    ask("DELETE", "made")
    ask("DELETE", "made/à b/c")
    ask("DELETE", "gone/a")
    ask("DELETE", "gone")
    ask("DELETE", "gone")
    ask("DELETE", ".sftp-staging")
    ask("DELETE")
    `,
  );
  expect(told).toEqual([
    "250",
    "553 exists",
    "553 not-a-file",
    "553 name",
    "501 argument",
    "250",
    "250",
    "550 not-found",
    "553 exists",
    "550 not-found",
    "553 name",
    "553 name",
    "553 name",
    "501 argument",
    "553 not-empty",
    "250",
    "250",
    "250",
    "550 not-found",
    "553 name",
    "501 argument",
  ]);
  expect(served.files).toEqual(["made/moved/file", "made/à b/100% = done"]);
  expect(read(served.at("made/à b/100% = done"))?.toString()).toBe("hello");
  expect([existsSync(served.at("made/à b/c")), existsSync(served.at("gone"))]).toEqual([
    false,
    false,
  ]);
});

test("requests are answered in their order, however many are sent ahead", async () => {
  await using served = await Served.start();
  const told = await asks(
    served.port,
    `
    futures = [
        client.put("a", [bytes(BLOCK + 1)]),
        client.request("STAT", "a"),
        client.request("RENAME", "a", to="b"),
        client.request("GET", "a"),
        client.request("GET", "b"),
        client.put("b", [b"new"], **{"if": "absent"}),
        client.request("DELETE", "b"),
        client.request("LIST"),
    ]
    answers = [future.result() for future in futures]
    tell([a.code for a in answers], answers[4].head["size"], len(answers[7].digests))
    futures = [client.request("STAT" if i % 2 else "NOOP", f"no{i}" if i % 2 else "") for i in range(5000)]
    tell("".join(str(future.result().code)[0] for future in futures) == "25" * 2500)
    tell(client.ask("QUIT"))
    try:
        client.ask("NOOP")
    except ConnectionError:
        tell("closed")
    `,
  );
  expect(told).toEqual([
    [226, 213, 250, 550, 226, 553, 250, 226],
    "262145",
    0,
    true,
    "221",
    "closed",
  ]);
});

test("ABORT outside of a body cancels what runs and what waits", async () => {
  await using served = await Served.start({ large: "", small: "hello" });
  truncateSync(served.at("large"), 10 * 2 ** 30);
  const told = await asks(
    served.port,
    `
    import threading
    begun = threading.Event()
    get = client.request("GET", "large", lambda block: begun.set())
    others = [client.request("GET", "small"), client.put("new", [b"new"])]
    begun.wait()
    abort = client.request("ABORT")
    tell(get.result(), *(other.result() for other in others), abort.result())
    tell(0 < len(get.result().digests) < 40960)
    tell(client.ask("ABORT"), client.get("small")[1], client.ask("STAT", "new"))
    tell(client.ask("ABORT", drop=1))
    `,
  );
  expect(told).toEqual([
    ...times(3, "426 aborted"),
    "225",
    true,
    "225",
    "hello",
    "550 not-found",
    "501 argument",
  ]);
});

test("a program that uses the command line gets verbs, replies and statuses", async () => {
  await using served = await Served.start({ "a/b": "hello" });
  const done = { status: 0, content: Buffer.alloc(0) };
  expect(await call(served.port, ["NOOP"])).toEqual({ ...done, reply: "200" });
  expect(await call(served.port, ["QUIT"])).toEqual({ ...done, reply: "221" });
  expect(await call(served.port, ["abort"])).toEqual({ ...done, reply: "225" });
  expect(await call(served.port, ["MKDIR", "c d"])).toEqual({ ...done, reply: "250" });
  const renamed = await call(served.port, ["RENAME", "a/b", "to=c d/e"]);
  expect(renamed).toEqual({ ...done, reply: "250" });
  const listed = await call(served.port, ["LIST", "", "recursive=1"]);
  expect(listed).toMatchObject({ status: 0, reply: "226" });
  expect(listed.content.toString()).toContain('{"path":"c d/e","type":"file","size":5,');
  expect((await call(served.port, ["STAT", "c d/e", "digest=1"])).reply).toEndWith(
    " digest=4e01c226b2333809",
  );
  expect(await call(served.port, ["DELETE", "c d"])).toMatchObject({
    status: 1,
    reply: expect.stringMatching(/^553 not-empty \S/),
  });
});

/** A server that sends what it is told, to try what the real one seldom does. */
class Feigned implements Disposable {
  readonly received = new Transcript();
  readonly #listener: Bun.TCPSocketListener<undefined>;

  constructor(greeting: string, replies: Readonly<Record<string, string>>) {
    const received = this.received;
    this.#listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => void socket.write(greeting),
        data: (socket, data) => {
          for (const line of data.toString("latin1").match(/[^\n]*\n/g) ?? []) {
            received.add(line);
            const reply = replies[line.trimEnd()];
            if (reply !== undefined) socket.write(reply);
            if (reply?.startsWith("421") === true) socket.end();
          }
        },
        close: () => received.end(),
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}

test("the client passes over what it does not know, and over signs of life", async () => {
  const body = "+3\r\nabc~\n+6 0123456789abcdef\n+2\n~\n.226 digest=0123456789abcdef\n";
  using server = new Feigned("220 protocol=1 pipeline=1024 features=a,b x=%C3%BC\r\n", {
    "GET a": `110 done=0\n199 some=thing\n110 done=3\n150 size=9 other=1\n~\n${body}`,
    NOOP: "299 x=1\n",
    STAT: "499 new-word A message: with anything, even +3 and 200 in it\n",
    "GET b": "150 size=9\n+3\nabc421 closing For a while\n",
  });
  const told = await tells(
    server.port,
    `
    client = Client(port)
    tell(client.greeting.fields["x"])
    answer, content = client.get("a")
    tell(answer, content, answer.done, answer.digests, answer.head)
    tell(client.ask("NOOP").code // 100, client.ask("STAT"))
    first, then = client.request("GET", "b"), None
    tell(first.result())
    try:
        tell(client.ask("NOOP"))
    except ConnectionError as error:
        tell("421 closing" in str(error))
    `,
  );
  expect(told).toEqual([
    "ü",
    "226 digest=0123456789abcdef",
    "abc+2\n~\n.",
    [0, 3],
    [null, "0123456789abcdef"],
    { size: "9", other: "1" },
    2,
    "499 new-word",
    "421 closing",
    true,
  ]);
});

test("the client leaves a server that is busy or of another protocol", async () => {
  for (const greeting of ["421 busy Too many clients\n", "220 protocol=2\n"]) {
    using server = new Feigned(greeting, {});
    const { status, reply } = await call(server.port, ["NOOP"]);
    expect(status).toBe(1);
    expect(reply).toContain("no server of protocol 1");
    expect(server.received.text).toBe("");
  }
});

test("the client shows signs of life while it has nothing to send in a PUT", async () => {
  using server = new Feigned("220 protocol=1\n", { END: "226 size=6\n" });
  const script = `
client = Client(port, sign_of_life=0.01)
tell(client.put("slow", sys.stdin.buffer).result())
`;
  const child = python(["-c", PRELUDE + script, String(server.port)]);
  await server.received.waitFor(/^PUT slow\n(~\n){2}/);
  void child.stdin.write("hello\n");
  await child.stdin.end();
  expect(await new Response(child.stdout).text()).toBe('"226 size=6"\n');
  expect(server.received.text).toMatch(/^PUT slow\n(~\n)+\+6\nhello\n(~\n)*END\n$/);
});

test("the server takes signs of life in a PUT, and sends its own", async () => {
  await using served = await Served.start();
  using client = await RawClient.open(served.port);
  client.send("PUT slow\n~\n+3\nabc~\n~\n");
  expect(await client.line()).toMatch(/^110 done=\d+$/);
  client.send("END\n");
  expect(await client.line()).toBe("226 size=3 digest=5758ca032005f7ac");
});

/** What is sent, and how the server answers each, up to its end of the connection. */
const MISUNDERSTANDINGS: readonly (readonly [sent: string, ...replies: string[]])[] = [
  ["NOOP\nGET  a\nNOOP\n", "200", "500 syntax"],
  ["NOOP\n\nNOOP\n", "200", "500 syntax"],
  ["NOOP\nGET a%2\nNOOP\n", "200", "500 syntax"],
  ["NOOP\nGET \u00fc\nNOOP\n", "200", "500 syntax"],
  [`NOOP\nGET ${"a".repeat(8188)}\nNOOP\n`, "200", "500 syntax"],
  [`NOOP\nGET ${"a".repeat(8187)}\nNOOP\n`, "200", "553 name", "200"],
  ["POST /x HTTP/1.1\nNOOP\n", "500 syntax"],
  ["FROB\nNOOP\n", "500 syntax"],
  ["NOOP\r\nFROB a=1\nNOOP\n", "200", "500 syntax", "200"],
  ["NOOP\n+3\nabc", "200", "500 syntax"],
  ["NOOP\n~\nNOOP\n", "200", "500 syntax"],
  ["NOOP\nEND\nNOOP\n", "200", "500 syntax"],
  ["PUT a\nNOOP\nNOOP\n", "500 syntax"],
  ["PUT a size=5\n+4\nhellEND\nNOOP\n", "500 syntax"],
  ["PUT a\n+4\nhell+1\noEND\nNOOP\n", "500 syntax"],
  ["PUT a\n+0\nEND\nNOOP\n", "500 syntax"],
  ["PUT a\n+262145\n", "500 syntax"],
  ["PUT a\n+3 0000000000000000\nabcEND\nNOOP\n", "551 mismatch", "200"],
  ["PUT a\n+3 78af5f94892f3950\nabcEND digest=0000000000000000\nNOOP\n", "551 mismatch", "200"],
  ["NOOP a\nNOOP a=1\nSTAT digest=1 a=1\nDELETE\nNOOP\n", ...times(4, "501 argument"), "200"],
  ["PUT a size=1 size=1\n+1\naEND\nPUT\n+1\naABORT\nNOOP\n", "501 argument", "501 argument", "200"],
  ["nOOp\r\nquit\nNOOP\n", "200", "221"],
  ["GET a%2Fb\nGET %FF\nGET a%00\nGET %2e%2E\n", ...times(4, "553 name")],
  ["PUT a\n+3\nab", "426 aborted"],
  ["PUT a if=absent\r\n+3\r\nabcABORT drop=1\r\nSTAT a\r\n", "426 aborted", "550 not-found"],
];

const TITLED = MISUNDERSTANDINGS.map(
  ([sent, ...replies]) => [JSON.stringify(sent).slice(0, 60), sent, replies] as const,
);

test.each(TITLED)("is answered as the page says: %s", async (_, sent, replies) => {
  await using served = await Served.start();
  using client = await RawClient.open(served.port);
  const lines = (await client.send(sent).finish().rest()).split("\n").slice(0, -1);
  expect(lines.map((line) => /^[45]\d\d \S+/.exec(line)?.[0] ?? line)).toEqual(replies);
  expect(served.files).toEqual([]);
});

test("more than 64 MiB after an upload that was refused end the connection", async () => {
  await using served = await Served.start({ old: "old" });
  using client = await RawClient.open(served.port);
  const block = Buffer.concat([Buffer.from(`+${BLOCK}\n`), Buffer.alloc(BLOCK)]);
  const sendRefused = async (blocks: number): Promise<void> => {
    client.sendLine("PUT old if=absent");
    expect(await client.line()).toStartWith("553 exists ");
    for (let i = 0; i < blocks; i++) client.send(block);
  };
  await sendRefused(256);
  client.send("END\nNOOP\n");
  expect(await client.line()).toBe("200");
  await sendRefused(257);
  expect(await client.line()).toStartWith("421 closing ");
  expect(await client.rest()).toBe("");
});

interface Step {
  readonly from: "C" | "S";
  readonly text: string;
}

/** The conversations of the page, with the headings over them. */
function conversations(): { heading: string; steps: Step[] }[] {
  const found: { heading: string; steps: Step[] }[] = [];
  for (const [, heading = "", section = ""] of PAGE.matchAll(/^#+ (.*)\n((?:(?!#+ ).*\n?)*)/gm)) {
    for (const [, block = ""] of section.matchAll(/^```\n((?:[CS]: .*\n)+)```$/gm)) {
      const lines = [...block.matchAll(/^([CS]): (.*?)(?: {2,}\(.*\))?$/gm)];
      const steps = lines.map(([, from, text = ""]): Step => ({
        from: from === "C" ? "C" : "S",
        text,
      }));
      found.push({ heading, steps });
    }
  }
  return found;
}

/** Takes the lines that show the content of a block, and gives its bytes. */
function contentOf(head: Step, rest: Step[]): string {
  const length = Number(/^\+(\d+)/.exec(head.text)?.[1]);
  const first = rest.shift();
  if (first?.text === "…") return "\0".repeat(length);
  let content = first?.text ?? "";
  while (Buffer.byteLength(content) < length) {
    const isEntry = content.startsWith("{") && rest[0]?.text.startsWith("{") === true;
    const next = isEntry || /^\d+ \d+,/.test(content) ? rest.shift() : undefined;
    content += next === undefined ? "\n" : `\n${next.text}`;
  }
  expect(Buffer.byteLength(content), `The content after ${head.text}`).toBe(length);
  return content;
}

/** Plants what a conversation takes for granted, with the times that it shows. */
function plant(served: Served, steps: readonly Step[]): void {
  const time = 1_763_800_000_123;
  const times: [path: string, ms: number][] = [];
  const text = steps.map((step) => step.text).join("\n");
  for (const [entry] of text.matchAll(/^\{.*\}$/gm)) {
    const { path, type, mtime } = JSON.parse(entry) as Record<string, string | number>;
    if (type === "folder") mkdirSync(served.at(String(path)));
    else write(served.at(String(path)), "hello");
    times.unshift([String(path), Number(mtime)]);
  }
  for (const [, verb, path = ""] of text.matchAll(/^(GET|STAT|RENAME) (\S+)/gm)) {
    if (path === "nothing") continue;
    const name = decodeURIComponent(path);
    write(served.at(name), verb === "GET" && path === "large" ? "" : "hello");
    if (path === "large") truncateSync(served.at(name), 10 * 2 ** 30);
    times.push([name, time]);
  }
  for (const [, folder, names = ""] of text.matchAll(/^PACK (\S+) names=(\S+)/gm)) {
    for (const one of [names.split("/")[0] ?? "", "a b"]) {
      write(served.at(`${folder}/${one}`), "hello");
      times.push([`${folder}/${one}`, time]);
    }
  }
  const root = /^213 type=folder .*mtime=(\d+)/m.exec(text)?.[1];
  if (root !== undefined) times.push([".", Number(root)]);
  for (const [path, ms] of times) setTime(served.at(path), ms);
}

test("the page has conversations", () => {
  expect(conversations().length).toBeGreaterThanOrEqual(8);
});

// A login is bound to its connection: tests/unit/security/example.test.ts checks the one on the page.
const replayed = conversations().filter(({ heading }) => !heading.startsWith("AUTH"));

test.each(replayed.map((one, i) => [`${i + 1}, ${one.heading}`, one.steps] as const))(
  "the server answers as in conversation %s",
  async (_, all) => {
    await using served = await Served.start();
    plant(served, all);
    using client = await RawClient.open(served.port);
    const steps = all[0]?.text.startsWith("220 ") === true ? all.slice(1) : [...all];
    let passing = false;
    for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
      const isHead = step.text.startsWith("+");
      if (step.from === "C") client.send(`${step.text}\n`, isHead ? contentOf(step, steps) : "");
      else if (passing && !isHead) {
        passing = false;
        expect((await client.body()).end).toBe(step.text);
      } else {
        expect(await client.line()).toBe(step.text);
        passing = isHead && steps[0]?.text === "…";
        if (!isHead) continue;
        const content = contentOf(step, steps);
        expect((await client.bytes(Buffer.byteLength(content))).toString()).toBe(content);
      }
      if (step.text === "QUIT") {
        expect(await client.line()).toBe(steps.shift()?.text ?? "");
        expect(await client.rest()).toBe("");
      }
    }
    client.finish();
    expect(await client.rest()).toBe("");
  },
);
