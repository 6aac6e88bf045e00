import { readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { size, writeRandom, writeSparse } from "../../support/files.ts";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { announce, GREETING, HostileServer } from "../../support/hostile-server.ts";
import { Pair } from "../../support/pair.ts";
import {
  BINARY,
  cleanEnvironment,
  run,
  TemporaryFolder,
  type Ran,
} from "../../support/programs.ts";
import { block, blockDigest, fileDigest } from "../../support/wire.ts";

const MIB = 1024 * 1024;
const BLOCK = 262_144;
const SIZES = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * MIB + 3];

/** Runs a line of sh, in which `$SFTP` is the client, connected and ready for `-c`. */
async function sh(pair: Pair, script: string, port = pair.server.port, retries = 0): Promise<Ran> {
  const sftp = `${BINARY} connect ${port} --root ${pair.here()}`;
  const child = Bun.spawn(["bash", "-o", "pipefail", "-c", script.replaceAll("$SFTP", sftp)], {
    cwd: pair.folder.path,
    env: cleanEnvironment({ SFTP_RETRIES: String(retries) }),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, stdout, stderr };
}

test.each(SIZES)("%d bytes go through pipes and come back", async (bytes) => {
  await using pair = await Pair.start({});
  const content = writeRandom(pair.folder.join("source"), bytes);
  const sent = await sh(pair, "cat source | $SFTP -c 'PUT - a/name'");
  expect(sent.status).toBe(0);
  expect(await Bun.file(pair.there("a/name")).bytes()).toEqual(new Uint8Array(content));
  const received = await sh(pair, "$SFTP -c 'GET a/name -' | cat > target");
  expect(received.status).toBe(0);
  expect(await Bun.file(pair.folder.join("target")).bytes()).toEqual(new Uint8Array(content));
  // Into a file, and in pieces that are no blocks.
  expect((await sh(pair, "$SFTP -c 'GET a/name -' > target2 && cmp source target2")).status).toBe(
    0,
  );
  const slow = await sh(
    pair,
    "dd if=source bs=1000 status=none | $SFTP -c 'PUT - b' && cmp source server/b",
  );
  expect(slow.status).toBe(0);
  expect(
    (await sh(pair, "$SFTP -c 'GET a/name -; GET b -' > both && cat source source | cmp - both"))
      .status,
  ).toBe(0);
});

describe("a stream that cannot be", () => {
  test.each([
    ["$SFTP -c 'PUT -'", "needs a name"],
    ["$SFTP -c 'PUT - folder/'", "needs a name"],
    ["$SFTP -c 'PUT - a b'", "needs a name"],
    ["$SFTP -c 'PUT a - b/'", "needs a name"],
    ["$SFTP -c 'PUT -r - a'", "takes no --recursive"],
    ["$SFTP -c 'PUT -u - a'", "takes no --update"],
    ["$SFTP -c 'GET a b -'", "one file to standard output"],
    ["$SFTP -c 'GET . -'", "one file to standard output"],
    ["$SFTP -c 'GET * -'", "one file to standard output"],
    ["$SFTP -c 'GET -r a -'", "takes no --recursive"],
    ["$SFTP --json -c 'GET a -'", "--json"],
    ["echo 'PUT - a' | $SFTP", "come from standard input"],
    ["echo 'PUT - a' | $SFTP -b -", "come from standard input"],
    ["echo x | $SFTP -c 'PUT - b; PUT - c'", "was read already"],
  ])("%s is a usage error", async (script, said) => {
    await using pair = await Pair.start({ there: { a: "1" } });
    const ran = await sh(pair, script);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain(said);
    expect(ran.stdout).not.toContain("1\n");
    expect(Object.keys(pair.served)).toEqual(script.includes("echo x") ? ["a", "b"] : ["a"]);
  });

  test.each([
    ["$SFTP -c 'GET none -' > target", 5],
    ["echo x | $SFTP -c 'PUT - CON'", 6],
    ["echo x | $SFTP -c 'PUT - a/b'", 6],
    ["$SFTP -c 'PUT - a/b' < source", 6],
    ["cat source | $SFTP -c 'PUT - a:b'", 6],
  ])("%s fails with its status", async (script, status) => {
    await using pair = await Pair.start({ there: { a: "1" } });
    writeRandom(pair.folder.join("source"), 5 * MIB);
    const ran = await sh(pair, script);
    expect(ran.status).toBe(status);
    expect(pair.served).toEqual({ a: "1" });
  });

  test("a server that refuses is heard while nothing more comes from the pipe", async () => {
    await using pair = await Pair.start({});
    // The writer holds the pipe open until the client has gone.
    const child = Bun.spawn(
      [BINARY, "connect", String(pair.server.port), "--root", pair.here(), "-c", "PUT - CON; QUIT"],
      { env: cleanEnvironment(), stdin: "pipe", stdout: "pipe", stderr: "pipe" },
    );
    void child.stdin.write("some of it");
    void child.stdin.flush();
    expect(await child.exited).toBe(6);
    expect(await new Response(child.stderr).text()).toContain("CON");
  });

  test("a server that goes is noticed while nothing comes from the pipe", async () => {
    await using pair = await Pair.start({});
    const child = Bun.spawn(
      [BINARY, "connect", String(pair.server.port), "--root", pair.here(), "-c", "PUT - name"],
      { env: cleanEnvironment(), stdin: "pipe", stdout: "pipe", stderr: "pipe" },
    );
    const reader = child.stderr.getReader();
    // It has said that it is connected.
    await reader.read();
    await pair.server.stop("SIGKILL");
    expect(await child.exited).toBe(3);
  });

  test("Ctrl-C ends one that waits for standard input; nothing is stored", async () => {
    await using pair = await Pair.start({ there: { name: "old" } });
    const child = Bun.spawn(
      [BINARY, "connect", String(pair.server.port), "--root", pair.here(), "-c", "PUT - name"],
      { env: cleanEnvironment(), stdin: "pipe", stdout: "pipe", stderr: "pipe" },
    );
    void child.stdin.write("half of ");
    void child.stdin.flush();
    const reader = child.stderr.getReader();
    await reader.read();
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(pair.served).toEqual({ name: "old" });
  });
});

test.each([
  ["head -c 10", 10],
  ["true", 0],
  ["head -c 700000", 700_000],
] as const)(
  "a reader that goes, as in `| %s`, ends it with a status that is not 0",
  async (reader, bytes) => {
    await using pair = await Pair.start({});
    writeSparse(pair.there("large"), 300 * MIB);
    const ran = await sh(
      pair,
      `$SFTP -c 'GET large -; QUIT' | ${reader} | wc -c; echo "\${PIPESTATUS[0]}"`,
    );
    const [count, status] = ran.stdout.trim().split("\n").map(Number);
    expect(count).toBe(bytes);
    expect(status).toBe(1);
    expect(ran.stderr).toContain("Standard output is closed");
    expect(ran.stderr).not.toContain("internal error");
  },
);

test("goes on exactly over new connections, both the block and the byte", async () => {
  await using pair = await Pair.start({});
  const content = writeRandom(pair.there("name"), 9 * BLOCK + 17);
  await using proxy = await FaultyProxy.start(
    pair.server.port,
    { toClient: { afterContent: 2 * BLOCK + 5, do: "cut" } },
    { toClient: { afterContent: 3 * BLOCK, do: "reset" } },
    { toClient: { afterContent: 2 * BLOCK + BLOCK - 1, do: "cut" } },
    { toClient: { beforeLine: /^226/, do: "cut" } },
  );
  const ran = await sh(
    pair,
    "$SFTP -c 'GET name -' > target; echo $?; cmp target server/name",
    proxy.port,
    5,
  );
  expect(ran.stdout).toBe("0\n");
  expect(ran.status).toBe(0);
  expect(ran.stderr).toContain("trying again");
  expect(proxy.passages.length).toBe(5);
  expect(await Bun.file(pair.folder.join("target")).bytes()).toEqual(new Uint8Array(content));
});

test.each([
  ["content", 6],
  ["longer", 7],
  ["shorter", 5],
] as const)(
  "a file that has changed (%s) when it goes on is told: status 8, and what was written stays as it was",
  async (_, blocks) => {
    await using pair = await Pair.start({});
    const content = writeRandom(pair.there("name"), 6 * BLOCK);
    await using proxy = await FaultyProxy.start(pair.server.port, {
      toClient: { afterContent: 3 * BLOCK, do: "hold" },
    });
    const running = sh(pair, "$SFTP -c 'GET name -' > target", proxy.port, 5);
    await proxy.faulted;
    writeRandom(pair.there("name"), blocks * BLOCK);
    proxy.cutAll();
    const ran = await running;
    expect(ran.status).toBe(8);
    expect(ran.stderr).toContain("has changed");
    const target = await Bun.file(pair.folder.join("target")).bytes();
    expect(target).toEqual(new Uint8Array(content.subarray(0, target.length)));
  },
);

describe("a server that lies", () => {
  const good = Buffer.alloc(BLOCK, 1);
  const bad = Buffer.alloc(BLOCK, 2);

  /** Runs GET to standard output against what a server answers to it. */
  async function receive(...answer: (string | Uint8Array)[]): Promise<Ran> {
    using folder = new TemporaryFolder();
    await using server = await HostileServer.start(async (victim) => {
      await victim.send(GREETING);
      for (;;) {
        const line = await victim.line();
        if (line.startsWith("GET")) await victim.send(...answer);
        else await victim.send(line === "ABORT" ? "225\n" : "221\n");
      }
    });
    const args = ["connect", String(server.port), "--root", folder.join("client"), "-c", "GET a -"];
    return await run(args);
  }

  test("about a block: nothing of it is written", async () => {
    const ran = await receive(
      announce(3 * BLOCK),
      block(good),
      block(bad, blockDigest(good)),
      block(good),
      `226 digest=${fileDigest(good)}\n`,
    );
    expect(ran.status).toBe(8);
    expect(ran.stderr).toContain("damaged on the way");
    expect(Buffer.from(ran.stdout)).toEqual(good);
  });

  test("about the digest of all of it", async () => {
    const ran = await receive(announce(BLOCK), block(good), `226 digest=${fileDigest(bad)}\n`);
    expect(ran.status).toBe(8);
    expect(ran.stderr).toContain("something else was written");
  });

  test.each([
    ["more", [announce(BLOCK), block(good), block(bad), `226 digest=${fileDigest(good)}\n`], 3],
    ["a longer block", [announce(10), block(good)], 3],
    ["less", [announce(2 * BLOCK), block(good), `226 digest=${fileDigest(good)}\n`], 8],
  ] as const)("about the size, with %s", async (_, answer, status) => {
    const ran = await receive(...answer);
    expect(ran.status).toBe(status);
    expect(ran.stdout.length).toBeLessThanOrEqual(BLOCK);
  });
});

test("memory stays bounded, however much goes through", async () => {
  const bytes = 400 * MIB;
  await using pair = await Pair.start({});
  writeSparse(pair.there("large"), bytes);
  const args = [BINARY, "connect", String(pair.server.port), "--root", pair.here(), "-c"];
  const env = cleanEnvironment();
  const getting = Bun.spawn([...args, "GET large -"], { env, stdout: "pipe", stderr: "ignore" });
  let received = 0;
  let peak = 0;
  for await (const piece of getting.stdout) {
    received += piece.length;
    peak = Math.max(peak, highWater(getting.pid));
  }
  expect([await getting.exited, received]).toEqual([0, bytes]);
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(220 * MIB);
  const putting = Bun.spawn([...args, "PUT - copy"], { env, stdin: "pipe", stderr: "ignore" });
  const piece = Buffer.alloc(MIB);
  for (let sent = 0; sent < bytes; sent += MIB) {
    putting.stdin.write(piece);
    await putting.stdin.flush();
    peak = Math.max(peak, highWater(putting.pid));
  }
  await putting.stdin.end();
  expect([await putting.exited, size(pair.there("copy"))]).toEqual([0, bytes]);
  expect(peak).toBeLessThan(220 * MIB);
});

/**
 * The most memory that a program ever had, in bytes (Linux). What it tells at its end counts what
 * the test itself had when it was started.
 */
function highWater(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? "0") * 1024;
  } catch {
    // It has ended.
    return 0;
  }
}
