import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, utimesSync } from "node:fs";
import { FastClient } from "../../support/fast-client.ts";
import { read, write, writeRandom } from "../../support/files.ts";
import { connect, run, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { snapshot } from "../../support/tree.ts";

const KEY = "0123456789abcdef".repeat(2);
/** Files that writers which are gone have left: any server that may write sweeps them away. */
const LEFT = ["tmp", "part", "kept"].map(
  (kind) => `.sftp-staging/${"ab".repeat(16)}.${kind}.00000000-00000000-00000000-1-1`,
);
const NOBODY = 65_534;
/** What verbs are called where they are not allowed. */
const DOING: Readonly<Record<string, string>> = {
  PUT: "storing files",
  HELD: "storing files",
  MKDIR: "making folders",
  DELETE: "removing",
  RENAME: "moving",
};

/** Each verb that could write, in every way that it has. */
const WRITING = [
  "PUT new\n+3\nabcEND",
  "PUT new size=0\nEND",
  "put new size=0 if=absent\nEND",
  "PUT there\n+3\nabcEND",
  "PUT deep/er/new size=3 mtime=1 exec=1\n+3\nabcEND",
  `PUT new part=${KEY} offset=0\n+3\nabcEND`,
  `PUT new part=${KEY} offset=262144\nEND`,
  "PUT new\n+3\nabcABORT drop=1",
  `HELD new part=${KEY}`,
  `HELD there part=${KEY}`,
  "MKDIR made",
  "MKDIR folder/made/deep",
  "DELETE there",
  "DELETE empty",
  "RENAME there to=moved",
  "RENAME folder to=empty/folder",
];

function furnish(root: string): void {
  write(`${root}/there`, "there");
  write(`${root}/folder/in`, "in");
  mkdirSync(`${root}/empty`);
  for (const name of LEFT) {
    write(`${root}/${name}`, Buffer.alloc(300_000));
    utimesSync(`${root}/${name}`, 1, 1);
  }
}

async function answer(port: number, request: string): Promise<string> {
  using client = await RawClient.open(port);
  return await client.sendLine(request).reply();
}

describe("--read-only", () => {
  test("refuses every verb that writes, says why, and writes nothing at all", async () => {
    using folder = new TemporaryFolder();
    const root = folder.join("root");
    furnish(root);
    const before = snapshot(root);
    await using server = await ServerProcess.start(root, ["--read-only", "--keep-partial", "0"]);
    for (const request of WRITING) {
      const [line = ""] = request.split("\n");
      const verb = line.split(" ")[0]?.toUpperCase();
      expect(await answer(server.port, request), line).toBe(
        `553 denied The server's --read-only does not allow ${DOING[verb ?? ""]}`,
      );
      expect(snapshot(root), line).toEqual(before);
    }
    using client = await FastClient.open(server.port);
    expect(await client.get("there")).toMatchObject({ bytes: 5 });
    expect(await client.ask("STAT folder digest=1")).toStartWith("553 not-a-file");
    expect(await client.ask("LIST recursive=1")).toStartWith("150");
    expect((await client.body()).end).toBe("226");
    expect(await client.ask("QUIT")).toBe("221");
    expect(await server.stop()).toBe(0);
    expect(snapshot(root)).toEqual(before);
  });

  test("leaves also an empty staging folder, and makes no root", async () => {
    using folder = new TemporaryFolder();
    mkdirSync(folder.join("root/.sftp-staging"), { recursive: true });
    const before = snapshot(folder.path);
    await using server = await ServerProcess.start(folder.join("root"), ["--read-only"]);
    expect(await answer(server.port, "STAT")).toStartWith("213 type=folder ");
    expect(await server.stop()).toBe(0);
    const ran = await run(["serve", "--read-only", "--port", "0", "--root", folder.join("none")]);
    expect(ran).toMatchObject({ status: 5, stdout: "" });
    expect(ran.stderr).toContain(`Cannot serve ${folder.join("none")}: There is no folder`);
    expect(snapshot(folder.path)).toEqual(before);
  });

  test("tells a real client, which ends with status 6 and gets what it asks for", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("server/a"), "a");
    const large = writeRandom(folder.join("client/large"), 1_000_000);
    const before = snapshot(folder.join("server"));
    await using server = await ServerProcess.start(folder.join("server"), ["--read-only"]);
    const put = await connect(folder.join("client"), server.port, "PUT large");
    expect(put.status).toBe(6);
    expect(put.stderr).toContain("The server's --read-only does not allow");
    expect((await connect(folder.join("client"), server.port, "GET a")).status).toBe(0);
    expect(snapshot(folder.join("server"))).toEqual(before);
    expect(read(folder.join("client/large"))).toEqual(large);
  });
});

const isRoot = process.getuid?.() === 0 && Bun.which("setpriv") !== null;
const BY_NOBODY = ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];

describe(`a root that the process cannot write${isRoot ? "" : " (needs root and setpriv)"}`, () => {
  for (const flags of [["--read-only"], []]) {
    test.skipIf(!isRoot)(`is served with ${flags.join(" ") || "no flags"}`, async () => {
      using folder = new TemporaryFolder();
      const root = folder.join("root");
      write(`${root}/there`, "there");
      chmodSync(folder.path, 0o755);
      chmodSync(root, 0o555);
      mkdirSync(folder.join("state"));
      chownSync(folder.join("state"), NOBODY, NOBODY);
      const before = snapshot(root);
      const options = { by: BY_NOBODY, env: { XDG_STATE_HOME: folder.join("state") } };
      await using server = await ServerProcess.start(root, flags, options);
      for (const request of ["PUT new\n+3\nabcEND", "PUT there size=0\nEND", "MKDIR made"]) {
        expect(await answer(server.port, request)).toStartWith("553 denied ");
      }
      expect(await answer(server.port, "DELETE there")).toStartWith("553 denied ");
      using client = await FastClient.open(server.port);
      expect(await client.get("there")).toMatchObject({ bytes: 5 });
      expect(await server.stop()).toBe(0);
      expect(snapshot(root)).toEqual(before);
    });
  }
});

describe("--no-overwrite", () => {
  test("stores what is new, and replaces nothing", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("there"), "there");
    await using server = await ServerProcess.start(folder.path, ["--no-overwrite"]);
    const { port } = server;
    expect(await answer(port, "PUT new\n+3\nnewEND")).toStartWith("226 ");
    const refused =
      "553 exists there exists already, and the server's --no-overwrite does not allow replacing it";
    expect(await answer(port, "PUT there\n+3\nnewEND")).toBe(refused);
    expect(await answer(port, `PUT there part=${KEY} offset=0\n+3\nnewEND`)).toBe(refused);
    // Who asked for it is told only that.
    const asked = await answer(port, "PUT there if=absent\n+3\nnewEND");
    expect(asked).toBe("553 exists there exists already");
    expect(read(folder.join("there"))?.toString()).toBe("there");
    expect(await answer(port, "RENAME new to=there")).toStartWith("553 exists ");
    expect(await answer(port, "RENAME new to=other")).toBe("250");
    expect(await answer(port, "DELETE other")).toBe("250");
  });

  test("of 40 that store one name at once by two servers, exactly one does", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.path, ["--no-overwrite"]);
    await using other = await ServerProcess.start(folder.path, ["--no-overwrite"]);
    const ports = [server.port, other.port];
    using stack = new DisposableStack();
    const clients = await Promise.all(
      Array.from({ length: 40 }, async (_, index) =>
        stack.use(await FastClient.open(ports[index % 2] ?? 0)),
      ),
    );
    const contents = clients.map((_, index) => Buffer.from(`content ${index}`));
    // All have begun before one ends: a look at the beginning finds nothing.
    for (const [index, client] of clients.entries()) {
      await client.send(`PUT one\n+${contents[index]?.length}\n${contents[index]?.toString()}~\n`);
    }
    const replies = await Promise.all(clients.map((client) => client.ask("END")));
    const stored = replies.flatMap((reply, index) => (reply.startsWith("226 ") ? [index] : []));
    expect(stored).toHaveLength(1);
    expect(replies.filter((reply) => reply.startsWith("553 exists "))).toHaveLength(39);
    expect(read(folder.join("one"))).toEqual(contents[stored[0] ?? -1]);
  });
});

test("--no-delete: nothing is deleted or renamed, files are stored and replaced", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("there"), "there");
  await using server = await ServerProcess.start(folder.path, ["--no-delete"]);
  const { port } = server;
  const why = "553 denied The server's --no-delete does not allow";
  expect(await answer(port, "DELETE there")).toBe(`${why} removing`);
  expect(await answer(port, "RENAME there to=moved")).toBe(`${why} moving`);
  expect(existsSync(folder.join("there"))).toBe(true);
  expect(await answer(port, "PUT there\n+3\nnewEND")).toStartWith("226 ");
  expect(await answer(port, "MKDIR made")).toBe("250");
});
