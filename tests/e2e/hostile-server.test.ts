import { describe, expect, test } from "bun:test";
import { connect, ServerProcess, TemporaryFolder, type Ran } from "../support/programs.ts";
import { filesUnder, publishedUnder, read, write } from "../support/files.ts";
import { PlayedServer } from "../support/played-server.ts";
import { block, BLOCK_SIZE, body, EMPTY_DIGEST, fileDigest } from "../support/wire.ts";

const GREETING = "220 protocol=1 server=played/1 auth=none features= pipeline=1024\n";
const WRONG = "0123456789abcdef";
const content = Buffer.alloc(BLOCK_SIZE + 5, "from the server ");
const size = content.length;
const sent = Buffer.concat([
  Buffer.from(`150 size=${size} mtime=1763800000123 offset=0\n`),
  body(content),
]);
const end = `226 digest=${fileDigest(content)}\n`;

/** Plays a server that answers each verb with these bytes, and runs commands against it. */
async function play(
  folder: TemporaryFolder,
  answers: Readonly<Record<string, string | Uint8Array>>,
  commands: string,
): Promise<Ran> {
  await using server = await PlayedServer.start((line, socket) => {
    if (line === undefined) return GREETING;
    const [verb = ""] = line.split(" ");
    if (verb === "QUIT") socket.end("221\n");
    if (verb === "ABORT") return "426 aborted Cancelled\n225\n";
    return answers[verb] ?? "";
  });
  return await connect(folder.join("client"), server.port, commands, "--timeout", "20");
}

const join = (...pieces: (string | Uint8Array)[]): Buffer =>
  Buffer.concat(pieces.map((piece) => Buffer.from(piece)));

/** The first line of a message, without what the shell says around it. */
const said = (ran: Ran): string | undefined => ran.stderr.split("\n")[1];

/** What a server must not answer to a GET, and the status that it leads to. */
const BAD_FILES: readonly (readonly [what: string, answer: string | Uint8Array, status: number])[] =
  [
    ["a wrong digest of the file", join(sent, `226 digest=${WRONG}\n`), 8],
    ["the digest of an empty file", join(sent, `226 digest=${EMPTY_DIGEST}\n`), 8],
    ["no digest of the file", join(sent, "226\n"), 3],
    [
      "less than the size",
      join(`150 size=${size} mtime=0 offset=0\n`, block(content.subarray(0, BLOCK_SIZE)), end),
      8,
    ],
    [
      "a wrong digest of a block",
      join("150 size=5 mtime=0 offset=0\n", block(Buffer.from("hello"), WRONG)),
      8,
    ],
    ["no digest of a block", join("150 size=5 mtime=0 offset=0\n+5\nhello", end), 3],
    [
      "more than the size",
      join("150 size=5 mtime=0 offset=0\n", block(Buffer.from("hello!")), end),
      3,
    ],
    ["more blocks than there can be", join(sent, block(Buffer.from("x")), end), 3],
    [
      "a block that is too short",
      join(`150 size=${size} mtime=0 offset=0\n`, block(content.subarray(0, 9))),
      3,
    ],
    ["a block larger than any", `150 size=999999 mtime=0 offset=0\n+262145 ${WRONG}\n`, 3],
    ["a size that is no number", "150 size=1e3 mtime=0 offset=0\n", 3],
    ["a size beyond all", "150 size=9007199254740993 mtime=0 offset=0\n", 3],
    ["no size", "150 mtime=0 offset=0\n", 3],
    ["another request's reply", "213 type=file size=5\n", 3],
    ["something that is no reply", "HTTP/1.1 200 OK\n", 3],
    ["a reply with control characters", "550 not-found \x1b[2J\n", 3],
    [
      "an offset that was not asked for",
      join(
        `150 size=${size} mtime=0 offset=${BLOCK_SIZE}\n`,
        block(content.subarray(BLOCK_SIZE)),
        end,
      ),
      3,
    ],
  ];

describe.each([
  ["a name that is free", undefined],
  ["an older file", "old"],
])("a real client publishes nothing over %s where a GET brings", (_, old) => {
  test.each(BAD_FILES)("%s", async (_, bytes, status) => {
    using folder = new TemporaryFolder();
    if (old !== undefined) write(folder.join("client/file"), old);
    const ran = await play(folder, { GET: bytes }, "GET file");
    expect(ran.status).toBe(status);
    expect(said(ran)).toStartWith("GET file: ");
    expect(ran.stderr).not.toContain("verified");
    expect(ran.stderr).not.toContain("\u001b");
    expect(read(folder.join("client/file"))?.toString()).toBe(old);
    expect(publishedUnder(folder.join("client"))).toEqual(old === undefined ? [] : ["file"]);
  });
});

test("what is right is stored, so that the cases above fail for their reason alone", async () => {
  using folder = new TemporaryFolder();
  const ran = await play(folder, { GET: join(sent, end) }, "GET file");
  expect(ran.status).toBe(0);
  expect(read(folder.join("client/file"))?.equals(content)).toBe(true);
});

function listing(...paths: string[]): Buffer {
  const entries = paths
    .map((path) => `${JSON.stringify({ path, type: "file", size: 1, mtime: 0, exec: false })}\n`)
    .join("");
  return join("150\n", block(Buffer.from(entries)), "226\n");
}

test.each(["../../x", "/etc/passwd", "a/../../x", "a//b", "", "./a", "other/x"])(
  "a listing that names %p, which is not in the folder, ends the connection",
  async (path) => {
    using folder = new TemporaryFolder();
    for (const command of ["LS d", "GET -r d", "MIRROR d", "MIRROR -R --delete mine d"]) {
      write(folder.join("client/mine/kept"), "kept");
      const ran = await play(folder, { LIST: listing("d/a", path) }, command);
      expect(ran.status, command).toBe(3);
      expect(ran.stderr, command).toContain("its listing of d names");
      expect(filesUnder(folder.path), command).toEqual(["client/mine/kept"]);
    }
  },
);

test("nothing that a server names leaves the client's folder, or reaches the terminal raw", async () => {
  using folder = new TemporaryFolder();
  const ran = await play(
    folder,
    { LIST: listing("a\u001b[2J", "b\u202etxt.exe", "new\nline") },
    "LS",
  );
  expect(ran.status).toBe(0);
  expect(ran.stdout).not.toMatch(/[^ -~\n]/);
  expect(ran.stdout).toContain("a\\x1b[2J\n");
  expect(ran.stdout).toContain("new\\x0aline\n");
  expect(filesUnder(folder.path)).toEqual([]);
});

test("a listing that was damaged on the way is refused", async () => {
  using folder = new TemporaryFolder();
  const entry = Buffer.from('{"path":"a","type":"file","size":1,"mtime":0}\n');
  const ran = await play(folder, { LIST: join("150\n", block(entry, WRONG), "226\n") }, "LS");
  expect(ran).toMatchObject({ status: 8, stdout: "" });
});

describe("a PUT", () => {
  test.each([
    ["stored as something else", `226 size=6 digest=${WRONG}\n`, 8],
    ["stored without a digest", "226 size=6\n", 3],
    ["said to be wrong", "551 mismatch The digest is wrong\n", 8],
    ["refused for want of room", "452 space There is no room\n", 7],
    ["over the quota", "552 quota You have used it up\n", 7],
    ["without a login", "530 login Log in first\n", 4],
    ["the server's own trouble", "451 failed The disk is broken\n", 1],
    ["cut short by a shutdown", "421 closing The server shuts down\n", 3],
    ["answered by a code that is not known", "599 strange Who knows\n", 1],
  ])("%s: the published status", async (_, reply, status) => {
    using folder = new TemporaryFolder();
    write(folder.join("client/file"), "hello\n");
    const ran = await play(folder, { END: reply }, "PUT file");
    expect(ran.status).toBe(status);
    expect(ran.stderr).toContain("PUT file: ");
    expect(ran.stderr).not.toContain("verified");
  });
});

describe("something else than Simple FTP", () => {
  test.each([
    ["SSH-2.0-OpenSSH_9.9\r\n", "an SSH server answered: "],
    ["220 (vsFTPd 3.0.5)\r\n", "an FTP server answered: "],
    ["220 ProFTPD Server ready.\r\n", "an FTP server answered: "],
    ["220-Welcome\r\n220 ready\r\n", "an FTP server answered: "],
    ["220\r\n", "an FTP server answered: "],
    ["220 mail.example.com ESMTP Postfix\r\n", "an SMTP server answered: "],
    ["HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "an HTTP server answered: "],
    ["<!DOCTYPE HTML>\n<html>", "an HTTP server answered: "],
    ["\u0015\u0003\u0001\u0000\u0002\u0002P", "a server that speaks TLS answered: "],
    ["+OK POP3 ready\r\n", "something else than Simple FTP"],
    ["220 protocol=2 server=sftp/9 auth=none\n", "version 2 of the protocol, and this program v"],
    ["220 server=sftp/9 auth=none\n", "something else than Simple FTP"],
    ["200\n", "something else than Simple FTP"],
    ["", "closed the connection without a word"],
  ])("%j is told, with status 3", async (greeting, told) => {
    using folder = new TemporaryFolder();
    await using server = await PlayedServer.start((line, socket) => {
      if (line === undefined) socket.end(greeting);
      return "";
    });
    const ran = await connect(folder.join("client"), server.port, "GET file");
    expect(ran).toMatchObject({ status: 3, stdout: "" });
    expect(ran.stderr).toStartWith(`OPEN ${server.port}: `);
    expect(ran.stderr).toContain(`127.0.0.1:${server.port} `);
    expect(ran.stderr).toContain(told);
    expect(ran.stderr).toMatch(
      /(?:: check host and port|: use the same release on both sides|give the port of sftp serve|behind the #)\n$/,
    );
  });

  test.each([
    ["an HTTP server", "HTTP/1.0 400 Bad Request\r\n\r\n", "an HTTP server answered: "],
    ["a TLS port", "\u0015\u0003\u0001\u0000\u0002\u0002F", "a server that speaks TLS answered: "],
  ])("%s, which waits to be spoken to, is told", async (_, answer, told) => {
    using folder = new TemporaryFolder();
    const said: string[] = [];
    await using server = await PlayedServer.start((line, socket) => {
      if (line === undefined) return "";
      said.push(line);
      socket.end(Buffer.from(answer, "latin1"));
      return "";
    });
    const ran = await connect(folder.join("client"), server.port, "GET file");
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain(told);
    expect(said).toEqual(["NOOP"]);
  });

  test("a server that is slow to greet, and was asked, is a server all the same", async () => {
    using folder = new TemporaryFolder();
    const said: string[] = [];
    await using server = await PlayedServer.start((line) => {
      if (line === undefined) return "";
      said.push(line);
      if (line === "NOOP") return "220 protocol=1 server=x auth=none pipeline=1024\n200\n";
      return line.startsWith("GET") ? Buffer.concat([sent, Buffer.from(end)]) : "221\n";
    });
    const ran = await connect(folder.join("client"), server.port, "GET file", "--timeout", "20");
    expect(ran).toMatchObject({ status: 0, stdout: "" });
    expect(said).toEqual(["NOOP", "GET file", "QUIT"]);
    expect(read(folder.join("client/file"))?.equals(content)).toBe(true);
  });

  test("a server that says nothing is given up after --timeout", async () => {
    using folder = new TemporaryFolder();
    await using server = await PlayedServer.start(() => "");
    const ran = await connect(folder.join("client"), server.port, "LS", "--timeout", "0.2");
    expect(ran).toMatchObject({ status: 3, stdout: "" });
    expect(ran.stderr).toContain(`127.0.0.1:${server.port} `);
  });

  test("a server that is full says so", async () => {
    using folder = new TemporaryFolder();
    await using server = await PlayedServer.start((line, socket) => {
      if (line === undefined) socket.end("421 busy 100 clients are connected: try again later\n");
      return "";
    });
    const ran = await connect(folder.join("client"), server.port, "LS");
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain("100 clients are connected: try again later");
  });
});

test("a server that closes in the middle of a file", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("client/file"), "old");
  await using server = await PlayedServer.start((line, socket) => {
    if (line === undefined) return GREETING;
    socket.end(sent.subarray(0, 100_000));
    return "";
  });
  const ran = await connect(folder.join("client"), server.port, "-GET file; GET file");
  expect(ran.status).toBe(3);
  expect(said(ran)).toBe(
    `GET file: The connection to 127.0.0.1:${server.port} is lost: the server closed the connection`,
  );
  expect(ran.stderr).toContain(
    `Not connected any more: OPEN 127.0.0.1:${server.port} connects again`,
  );
  expect(read(folder.join("client/file"))?.toString()).toBe("old");

  write(folder.join("server/file"), "new");
  await using real = await ServerProcess.start(folder.join("server"));
  expect((await connect(folder.join("client"), real.port, "GET file")).status).toBe(0);
  expect(read(folder.join("client/file"))?.toString()).toBe("new");
});
