import { describe, expect, test } from "bun:test";
import { events, SLOW_SIZE, slowTransfer } from "../support/events.ts";
import { write, writeRandom } from "../support/files.ts";
import {
  ClientProcess,
  connect,
  run,
  ServerProcess,
  TemporaryFolder,
} from "../support/programs.ts";
import { fileDigest } from "../support/wire.ts";

const seconds = expect.any(Number);

test("connect --json writes the events, and nothing else, to standard output", async () => {
  using folder = new TemporaryFolder();
  const content = writeRandom(folder.join("server/a.bin"), 300_000);
  write(folder.join("client/hello.txt"), "hello");
  await using server = await ServerProcess.start(folder.join("server"));
  const { port } = server;
  const commands =
    "GET a.bin b.bin; PUT hello.txt; LS; HELP; -GET none; -PUT none; CLOSE; -GET x; -OPEN abc";
  const ran = await connect(folder.join("client"), port, commands, "--json");
  expect(ran.status).toBe(0);
  expect(events(ran.stdout)).toEqual([
    { event: "opened", host: "127.0.0.1", port },
    {
      event: "transferred",
      direction: "received",
      remote: "a.bin",
      local: folder.join("client/b.bin"),
      bytes: 300_000,
      reused: 0,
      digest: fileDigest(content),
      seconds,
    },
    {
      event: "transferred",
      direction: "sent",
      remote: "hello.txt",
      local: folder.join("client/hello.txt"),
      bytes: 5,
      reused: 0,
      digest: fileDigest(Buffer.from("hello")),
      seconds,
    },
    {
      event: "listed",
      path: "",
      entries: [
        expect.objectContaining({ path: "a.bin", type: "file", size: 300_000 }),
        expect.objectContaining({ path: "hello.txt", type: "file", size: 5 }),
      ],
    },
    {
      event: "failed",
      command: "-GET none",
      status: 5,
      code: 550,
      side: "remote",
      word: "not-found",
      message: "There is no file none",
    },
    {
      event: "failed",
      command: "-PUT none",
      status: 5,
      side: "local",
      message: "There is no file none (on this side)",
    },
    { event: "closed", host: "127.0.0.1", port },
    {
      event: "failed",
      command: "-GET x",
      status: 2,
      message: "Not connected: use OPEN first, such as OPEN 12000",
    },
    expect.objectContaining({ event: "failed", command: "-OPEN abc", status: 2 }),
  ]);
});

test("a failure that ends the run is an event, and its status the program's", async () => {
  using folder = new TemporaryFolder();
  const ran = await run(["connect", "1", "--json", "--root", folder.path, "-c", "HELP"]);
  expect(ran.status).toBe(3);
  expect(events(ran.stdout)).toEqual([
    expect.objectContaining({ event: "failed", command: "OPEN 1", status: 3 }),
  ]);
});

test("what keeps a program from starting is an event besides the message", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("file"), "");
  await using server = await ServerProcess.start(folder.join("server"));
  const port = ["--port", String(server.port)];
  const runs: [args: string[], status: number, env?: Record<string, string>][] = [
    [["serve", ...port, "--json"], 1],
    [["serve", ...port], 1, { SFTP_JSON: "1" }],
    [["serve", "--root", "file", "--json"], 6],
    [["serve", "--port", "x", "--json"], 2],
    [["connect", "--root", "file", "--json"], 6],
    [["connect", "--json", "-b", "none"], 5],
    [["connect", "--json", "--config", "none"], 2],
    [["connect", "--json"], 2, { SFTP_TIMEOUT: "soon" }],
  ];
  for (const [args, status, env = {}] of runs) {
    const ran = await run(args, { cwd: folder.path, env });
    const message = ran.stderr.replace(/^sftp: (.*)\n$/, "$1");
    expect(events(ran.stdout)).toEqual([{ event: "failed", status, message }]);
    expect(ran.status).toBe(status);
    const quiet = await run(args, { cwd: folder.path, env: { ...env, SFTP_JSON: "0" } });
    if (!args.includes("--json")) expect(quiet).toEqual({ ...ran, stdout: "" });
  }
});

test("a connection that is lost while nothing runs is closed in an event", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  const { port } = server;
  await using client = ClientProcess.start(folder.join("client"), [String(port), "--json"]);
  await client.waitFor(/"opened"/);
  await server.stop("SIGKILL");
  await client.waitFor(/"closed"/);
  expect(events(client.stdout)).toEqual([
    { event: "opened", host: "127.0.0.1", port },
    { event: "closed", host: "127.0.0.1", port },
  ]);
});

test("wrong usage writes nothing to standard output", async () => {
  for (const command of ["serve", "connect"]) {
    expect(await run([command, "--json", "--nope"])).toMatchObject({ status: 2, stdout: "" });
  }
});

test("a transfer that takes its time tells its progress", async () => {
  using folder = new TemporaryFolder();
  const told = await slowTransfer(folder);
  const progress = {
    event: "progress",
    path: "big",
    bytes: seconds,
    size: SLOW_SIZE,
    rate: seconds,
  };
  expect(told.find(({ event }) => event === "progress")).toEqual(progress);
});

test("names of any script, and hostile ones, are escaped on both sides", async () => {
  using folder = new TemporaryFolder();
  const names = ["日本 🎉.txt", "\u202etxt.exe", "del\u007f.txt", "new\nline.txt"];
  for (const name of names) write(folder.join("server", name), "x");
  await using server = await ServerProcess.start(folder.join("server"), ["--json"]);
  const commands = `GET '日本 🎉.txt'; PUT '日本 🎉.txt' ü; LS`;
  const ran = await connect(folder.join("client"), server.port, commands, "--json");
  expect(ran.status).toBe(0);
  const [, got, sent, listed] = events(ran.stdout);
  expect(got).toMatchObject({ remote: "日本 🎉.txt", local: folder.join("client/日本 🎉.txt") });
  expect(sent).toMatchObject({ remote: "ü" });
  expect(listed).toMatchObject({
    entries: [...names, "ü"].toSorted().map((path) => ({ path, type: "file" })),
  });
  await server.waitFor(/"disconnected"/);
  expect(events(server.stdout)).toContainEqual(
    expect.objectContaining({ event: "transferred", path: "日本 🎉.txt" }),
  );
});

describe("serve --json", () => {
  test("begins with listening and tells of everything", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("server/a.txt"), "a");
    write(folder.join("client/b.txt"), "bb");
    await using server = await ServerProcess.start(folder.join("server"), ["--json"]);
    const { port } = server;
    await connect(folder.join("client"), port, "GET a.txt; PUT b.txt x/b.txt; -GET none; QUIT");
    await server.waitFor(/"disconnected"/);
    expect(await server.stop()).toBe(0);
    const told = events(server.stdout);
    const client = expect.stringMatching(/^127\.0\.0\.1:\d+$/);
    expect(told).toEqual([
      { event: "listening", host: "127.0.0.1", port, root: folder.join("server") },
      { event: "connected", client },
      {
        event: "transferred",
        client,
        direction: "sent",
        path: "a.txt",
        bytes: 1,
        digest: fileDigest(Buffer.from("a")),
        seconds,
      },
      {
        event: "transferred",
        client,
        direction: "received",
        path: "x/b.txt",
        bytes: 2,
        digest: fileDigest(Buffer.from("bb")),
        seconds,
      },
      {
        event: "failed",
        client,
        verb: "GET",
        path: "none",
        code: 550,
        word: "not-found",
        message: "There is no file none",
      },
      { event: "disconnected", client, reason: "closed by the client" },
      { event: "stopping", transfers: 0 },
      { event: "stopped" },
    ]);
    expect(server.log).toBe(server.stdout);
  });
});
