import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { FastClient } from "../../support/fast-client.ts";
import { filesUnder, until, write, writeRandom } from "../../support/files.ts";
import { processorTime } from "../../support/processor.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { fileDigest } from "../../support/wire.ts";

const HAS_PROC = process.platform === "linux";
const FEW = 64;
const BY_FEW = ["sh", "-c", `ulimit -n ${FEW} && exec "$0" "$@"`];

/** Whether what a program asks of the system can be made to fail while it runs. */
function canTrace(): boolean {
  if (!HAS_PROC || Bun.which("strace") === null) return false;
  if (process.getuid?.() === 0) return true;
  try {
    return readFileSync("/proc/sys/kernel/yama/ptrace_scope", "utf8").trim() === "0";
  } catch {
    return true;
  }
}

/** Waits for so many signs that the server works, one after the other; each takes it five seconds. */
async function signs(client: FastClient, count: number): Promise<void> {
  for (let sign = 0; sign < count; sign++) expect(await client.line()).toStartWith("110 ");
}

describe.skipIf(!HAS_PROC)(`a server that may open ${FEW} files (Linux only)`, () => {
  test("turns away whom it cannot hold, rests meanwhile, and recovers", async () => {
    using folder = new TemporaryFolder();
    const content = writeRandom(folder.join("root/f"), 1_000_000);
    await using server = await ServerProcess.start(folder.join("root"), [], { by: BY_FEW });
    await server.waitFor(/At most 36 connections are taken, and not 1000: .* 64 open files/);
    const { pid } = server.process;
    using stack = new DisposableStack();
    using witness = await FastClient.open(server.port);
    // What it owes this one comes every five seconds, as long as nothing keeps it busy.
    await witness.send("PUT late size=5\n");
    const crowd = await Promise.all(
      Array.from({ length: 200 }, async () => stack.use(await FastClient.connect(server.port))),
    );
    const greetings = await Promise.all(crowd.map((client) => client.line()));
    expect(greetings.filter((line) => line.startsWith("220 "))).toHaveLength(35);
    expect(greetings.filter((line) => line.startsWith("421 busy "))).toHaveLength(165);
    const before = processorTime(pid);
    await signs(witness, 1);
    // Five seconds and more have passed. A server that is woken for whoever waits uses most of them.
    expect(processorTime(pid) - before).toBeLessThan(1);
    expect(server.log.match(/turned away/g)).toHaveLength(1);

    const served = crowd.filter((_, index) => greetings[index]?.startsWith("220 "));
    for (const client of served) {
      expect(await client.get("f")).toMatchObject({ end: `226 digest=${fileDigest(content)}` });
    }
    await witness.send("+5\nhello");
    expect(await witness.ask("END")).toStartWith("226 ");
    for (const client of crowd) client.socket.destroy();
    await until(() => server.log.split(" disconnected").length > 35);
    expect((await connect(folder.join("client"), server.port, "GET f; PUT f again")).status).toBe(
      0,
    );
  });

  test("files take none of the last: what cannot be opened fails, and everybody is answered", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("root/f"), "f");
    await using server = await ServerProcess.start(folder.join("root"), [], { by: BY_FEW });
    const { pid } = server.process;
    using stack = new DisposableStack();
    const open = async (): Promise<FastClient> => stack.use(await FastClient.open(server.port));
    using witness = await FastClient.open(server.port);
    await witness.send("PUT late size=5\n");
    // One client alone can hold many files: parts that wait to be gone on with.
    const holder = await open();
    const keys = Array.from({ length: 60 }, (_, index) => index.toString(16).padStart(32, "0"));
    for (const key of keys) {
      await holder.send(`PUT part${key} part=${key} offset=0\n+262144\n`);
      await holder.send(Buffer.alloc(262_144));
      expect(await holder.ask("ABORT")).toStartWith("426 ");
    }
    const held: string[] = [];
    for (const key of keys) held.push(await holder.ask(`HELD part${key} part=${key}`));
    expect(held.filter((reply) => reply.startsWith("213 ")).length).toBeGreaterThan(20);
    expect(held.filter((reply) => reply.startsWith("451 failed ")).length).toBeGreaterThan(5);
    expect(held.filter((reply) => !/^(213|451 failed) /.test(reply))).toEqual([]);
    // There are descriptors left for saying no.
    const before = processorTime(pid);
    for (let tries = 0; tries < 100; tries++) {
      using client = await FastClient.connect(server.port);
      expect(await client.line()).toMatch(/^(220 |421 busy The server has too many files open)/);
    }
    expect(await holder.ask("GET f")).toStartWith("451 failed Too many files are open to open");
    expect(await holder.ask("PUT new size=0\nEND")).toStartWith("451 failed ");
    expect(await holder.ask("STAT f digest=1")).toStartWith("451 failed ");
    expect(await holder.ask("STAT f")).toStartWith("213 ");
    await signs(witness, 1);
    expect(processorTime(pid) - before).toBeLessThan(2);
    expect(server.log.match(/turned away: too many files/g)?.length ?? 0).toBeLessThan(3);
    holder.socket.destroy();
    await until(() => readdirSync(`/proc/${pid}/fd`).length < 20);
    expect((await connect(folder.join("client"), server.port, "GET f; PUT f new")).status).toBe(0);
  });
});

const tracing = canTrace();

describe.skipIf(!tracing)(
  `a server on a system that has no descriptors left${tracing ? "" : " (needs strace)"}`,
  () => {
    test("fails what needs one, keeps those who are there, and recovers", async () => {
      using folder = new TemporaryFolder();
      write(folder.join("root/f"), "f");
      write(folder.join("root/sub/g"), "g");
      await using server = await ServerProcess.start(folder.join("root"));
      using client = await FastClient.open(server.port);
      const calls = "openat,accept4";
      const pid = String(server.process.pid);
      const args = ["-f", "-p", pid, "-e", `trace=${calls}`, "-e", `inject=${calls}:error=ENFILE`];
      const strace = Bun.spawn(["strace", ...args, "-o", "/dev/null"], { stderr: "ignore" });
      try {
        while ((await client.ask("STAT f digest=1")).startsWith("213 ")) continue;
        const failed = "451 failed Too many files are open to open ";
        for (const request of [
          "GET f",
          "STAT f digest=1",
          "LIST sub",
          "PUT new size=0\nEND",
          "MKDIR a/b",
        ]) {
          expect(await client.ask(request), request).toStartWith(failed);
        }
        expect(await client.ask("STAT f")).toStartWith("213 ");
        expect(await client.ask("NOOP")).toBe("200");
        expect(server.log).toContain("GET f: 451 Too many files are open to open f");
        // Whoever comes now waits in the system's queue, and is served as soon as that is over.
        using late = await FastClient.connect(server.port);
        expect(await client.ask("NOOP")).toBe("200");
        strace.kill("SIGINT");
        await strace.exited;
        expect(await late.line()).toStartWith("220 ");
        expect(await late.get("f")).toMatchObject({ bytes: 1 });
        expect((await late.put("new", { content: Buffer.from("new") })).slice(0, 4)).toBe("226 ");
      } finally {
        strace.kill("SIGKILL");
        await strace.exited;
      }
      expect(filesUnder(folder.join("root"))).toEqual(["f", "new", "sub/g"]);
    });
  },
);
