import { describe, expect, test } from "bun:test";
import { ClientProcess, connect, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { filesUnder, read, until, write, writeRandom } from "../support/files.ts";
import { StallingProxy } from "../support/proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { block, BLOCK_SIZE, body, EMPTY_DIGEST, fileDigest } from "../support/wire.ts";

const MIB = 1024 * 1024;
const WRONG = "0123456789abcdef";

/** What a person sees in a folder: files that are not finished are hidden from everybody. */
const shown = (folder: string): string[] =>
  filesUnder(folder).filter((name) => !name.startsWith(".sftp-staging/"));

/** There is nothing under the name before, or an older file. */
const BEFORE = [
  ["a name that is free", undefined],
  ["a name that holds an older file", "old"],
] as const;

describe.each(BEFORE)("kill -9 in the middle of a transfer to %s", (_, old) => {
  /** A client and a server with a stall between them, the file on one side, maybe old on the other. */
  const prepare = (folder: TemporaryFolder, from: string, to: string): Buffer => {
    write(folder.join(to, "other"), "other");
    if (old !== undefined) write(folder.join(to, "big"), old);
    return writeRandom(folder.join(from, "big"), 32 * MIB);
  };
  const expectUntouched = (folder: TemporaryFolder, to: string): void => {
    expect(shown(folder.join(to))).toEqual(old === undefined ? ["other"] : ["big", "other"]);
    expect(read(folder.join(to, "big"))?.toString()).toBe(old);
  };

  test("the server, during a PUT", async () => {
    using folder = new TemporaryFolder();
    const content = prepare(folder, "client", "server");
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await StallingProxy.start(server.port, { toServer: 4 * MIB });
    await using client = ClientProcess.start(folder.join("client"), [
      String(proxy.port),
      "--retries",
      "0",
    ]);
    client.type("PUT big");
    await proxy.stalled;
    await until(
      () => filesUnder(folder.join("server")).length > shown(folder.join("server")).length,
    );
    await server.stop("SIGKILL");
    expect(await client.ended()).toBe(3);
    expect(client.log).toMatch(/PUT big: The connection to \S+ is lost: .+\n/);
    expectUntouched(folder, "server");

    await using again = await ServerProcess.start(folder.join("server"));
    const ran = await connect(folder.join("client"), again.port, "LS; PUT big; LS");
    expect(ran.status).toBe(0);
    expect(ran.stdout).toBe(`${old === undefined ? "" : "big\n"}other\nbig\nother\n`);
    expect(read(folder.join("server/big"))?.equals(content)).toBe(true);
  });

  test("the client, during a PUT", async () => {
    using folder = new TemporaryFolder();
    prepare(folder, "client", "server");
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await StallingProxy.start(server.port, { toServer: 4 * MIB });
    await using client = ClientProcess.start(folder.join("client"), [
      String(proxy.port),
      "--retries",
      "0",
    ]);
    client.type("PUT big");
    await proxy.stalled;
    await client.stop("SIGKILL");
    proxy.release();
    await server.waitFor(/disconnected/);
    expectUntouched(folder, "server");
    // The server lives, and keeps the part in order.
    await until(() => filesUnder(folder.join("server")).some((name) => name.includes(".kept.")));
  });

  test("the server, during a GET", async () => {
    using folder = new TemporaryFolder();
    prepare(folder, "server", "client");
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await StallingProxy.start(server.port, { toClient: 4 * MIB });
    await using client = ClientProcess.start(folder.join("client"), [
      String(proxy.port),
      "--retries",
      "0",
    ]);
    client.type("GET big");
    await proxy.stalled;
    await server.stop("SIGKILL");
    proxy.release();
    expect(await client.ended()).toBe(3);
    expect(client.log).toMatch(/GET big: The connection to \S+ is lost: .+\n/);
    expect(client.log).not.toContain("verified");
    expectUntouched(folder, "client");
    expect(filesUnder(folder.join("client")).join()).toContain(".kept.");
  });

  test("the client, during a GET", async () => {
    using folder = new TemporaryFolder();
    const content = prepare(folder, "server", "client");
    await using server = await ServerProcess.start(folder.join("server"));
    await using proxy = await StallingProxy.start(server.port, { toClient: 4 * MIB });
    await using client = ClientProcess.start(folder.join("client"), [
      String(proxy.port),
      "--retries",
      "0",
    ]);
    client.type("GET big");
    await proxy.stalled;
    await until(
      () => filesUnder(folder.join("client")).length > shown(folder.join("client")).length,
    );
    await client.stop("SIGKILL");
    expectUntouched(folder, "client");

    const ran = await connect(folder.join("client"), server.port, "GET big");
    expect(ran.status).toBe(0);
    expect(read(folder.join("client/big"))?.equals(content)).toBe(true);
  });
});

describe.each(BEFORE)("an upload that is not what it says, to %s", (_, old) => {
  const content = Buffer.alloc(BLOCK_SIZE + 10, "content");
  const first = content.subarray(0, BLOCK_SIZE);
  const last = content.subarray(BLOCK_SIZE);
  const size = content.length;
  const digest = fileDigest(content);

  test.each([
    ["a wrong digest of a block", `size=${size}`, [block(first, WRONG), block(last)], digest],
    ["a wrong digest of the last block", "", [block(first), block(last, WRONG)], digest],
    ["a wrong digest of the file", `size=${size}`, [body(content)], WRONG],
    ["a wrong digest of the file, no size named", "", [body(content)], WRONG],
    ["the digest of nothing", "", [body(content)], EMPTY_DIGEST],
    ["a short body", `size=${size}`, [block(first)], fileDigest(first)],
    ["no body at all", `size=${size}`, [], EMPTY_DIGEST],
    ["bytes that changed on the way", "", [corrupted(body(content))], digest],
  ])("%s: 551, nothing is published, the connection stays", async (_, keys, blocks, named) => {
    using folder = new TemporaryFolder();
    if (old !== undefined) write(folder.join("file"), old);
    await using server = await ServerProcess.start(folder.path);
    using client = await RawClient.open(server.port);
    client.sendLine(`PUT file ${keys}`.trim());
    client.send(...blocks, `END digest=${named}\nSTAT file\n`);
    expect(await client.line()).toStartWith("551 mismatch ");
    expect(await client.line()).toStartWith(old === undefined ? "550 " : "213 type=file size=3 ");
    expect(read(folder.join("file"))?.toString()).toBe(old);
    await until(() => filesUnder(folder.path).length === (old === undefined ? 0 : 1));

    client.send(`PUT file ${keys}`.trim(), "\n", body(content), `END digest=${digest}\n`);
    expect(await client.line()).toBe(`226 size=${size} digest=${digest}`);
    expect(read(folder.join("file"))?.equals(content)).toBe(true);
  });
});

test("what a killed program left is hidden from every verb", async () => {
  using folder = new TemporaryFolder();
  write(folder.join(".sftp-staging/left.part"), "left");
  write(folder.join("sub/.SFTP-Staging/x"), "x");
  await using server = await ServerProcess.start(folder.path);
  using client = await RawClient.open(server.port);
  client.sendLine("LIST recursive=1");
  expect(await client.line()).toBe("150");
  const { content } = await client.body();
  expect(content.toString().toLowerCase()).not.toContain("staging");
  for (const line of [
    "GET .sftp-staging/left.part",
    "STAT .sftp-staging",
    "LIST .sftp-staging",
    "GET sub/.sftp-STAGING/x",
  ]) {
    expect(await client.sendLine(line).line()).toStartWith("553 name ");
  }
  client.send("PUT .sftp-staging/left.part\n", block(Buffer.from("new")), "END\n");
  expect(await client.line()).toStartWith("553 name ");
  expect(read(folder.join(".sftp-staging/left.part"))?.toString()).toBe("left");
});

/** The same bytes with one bit turned, within the content of the first block. */
function corrupted(sent: Buffer): Buffer {
  const copy = Buffer.from(sent);
  copy[1000] = (copy[1000] ?? 0) ^ 1;
  return copy;
}
