import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { filesUnder, read, write } from "../../support/files.ts";
import { announce, goodFile, GREETING, HostileServer } from "../../support/hostile-server.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";
import { block, BLOCK_SIZE, fileDigest } from "../../support/wire.ts";

setDefaultTimeout(240_000);

/** Clients that run at the same time. */
const AT_ONCE = 4;
const content = Buffer.from("hello, this is a file of one line\n");
const entry = Buffer.from('{"path":"a","type":"file","size":1,"mtime":0,"exec":false}\n');

/** What a server sends that answers GET, then LIST, then PUT as it should. */
const CONVERSATION = Buffer.concat([
  Buffer.from(GREETING),
  goodFile(content),
  Buffer.from("150\n"),
  block(entry),
  Buffer.from("226\n"),
  Buffer.from(`226 size=${content.length} digest=${fileDigest(content)}\n`),
]);

/** A server that sends the first `length` bytes of the conversation, each answer when it is asked. */
function startCut(length: number, how: "FIN" | "RST"): Promise<HostileServer> {
  const answers = [
    { awaited: undefined, until: GREETING.length },
    { awaited: "GET", until: GREETING.length + goodFile(content).length },
    { awaited: "LIST", until: CONVERSATION.lastIndexOf("226 size=") },
    { awaited: "END", until: CONVERSATION.length },
  ];
  return HostileServer.start(async (victim) => {
    let sent = 0;
    for (const { awaited, until } of answers) {
      if (awaited !== undefined) await victim.until(awaited);
      await victim.send(CONVERSATION.subarray(sent, Math.min(until, length)));
      sent = until;
      if (sent < length) continue;
      if (how === "FIN") victim.finish();
      else victim.reset();
      await victim.gone();
      return;
    }
  });
}

describe.each(["FIN", "RST"] as const)(
  "a server that sends %s in the middle of its answers",
  (how) => {
    test("never makes a client hang, store what is not whole, or say that all is well", async () => {
      const lengths = Array.from({ length: Math.ceil(CONVERSATION.length / 7) }, (_, i) => 7 * i);
      const cut = async (length: number): Promise<void> => {
        using folder = new TemporaryFolder();
        write(folder.join("client/mine"), content);
        await using server = await startCut(length, how);
        const ran = await connect(folder.join("client"), server.port, "GET file; LS; PUT mine");
        expect(ran.status, `after ${length} bytes`).toBe(3);
        const stored = read(folder.join("client/file"));
        if (stored !== undefined) expect(stored, `after ${length} bytes`).toEqual(content);
        expect(ran.stderr.includes("GET file: 34 B"), `after ${length} bytes`).toBe(
          stored !== undefined,
        );
        expect(ran.stderr).not.toMatch(/^PUT mine: .*verified/m);
        expect(filesUnder(folder.join("client")).filter((name) => name !== "file")).toEqual([
          "mine",
        ]);
      };
      const worker = async (): Promise<void> => {
        for (let next = lengths.pop(); next !== undefined; next = lengths.pop()) await cut(next);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    });

    test("the whole conversation is fine", async () => {
      using folder = new TemporaryFolder();
      write(folder.join("client/mine"), content);
      await using server = await startCut(CONVERSATION.length, how);
      const ran = await connect(folder.join("client"), server.port, "GET file; LS; PUT mine");
      // A reset can overtake the last words.
      if (how === "FIN") expect(ran.status).toBe(0);
      else expect(ran.status).toBeOneOf([0, 3]);
    });
  },
);

describe("a server that goes silent", () => {
  const silent: Readonly<Record<string, readonly (string | Uint8Array)[]>> = {
    "before its reply": [],
    "in the middle of a reply": ["150 size=5"],
    "before a block": [announce(5)],
    "in a block's header": [announce(5), "+5 95"],
    "in a block": [announce(300_000), block(Buffer.alloc(BLOCK_SIZE)).subarray(0, 100_000)],
    "before the digest": [announce(content.length), block(content)],
  };

  test("instead of greeting is given up", async () => {
    using folder = new TemporaryFolder();
    await using server = await HostileServer.start((victim) => victim.gone());
    const ran = await connect(folder.join("client"), server.port, "LS", "--timeout", "1");
    expect(ran.status).toBe(3);
  });

  test.each(Object.keys(silent))("%s is given up, and nothing is stored", async (what) => {
    using folder = new TemporaryFolder();
    write(folder.join("client/file"), "old");
    await using server = await HostileServer.startFor("GET", async (victim) => {
      await victim.send(...(silent[what] ?? []));
      await victim.gone();
    });
    const ran = await connect(folder.join("client"), server.port, "GET file", "--timeout", "1");
    expect(ran.stderr).toContain("no answer for 1 s");
    expect(ran.status).toBe(3);
    expect(filesUnder(folder.join("client"))).toEqual(["file"]);
    expect(read(folder.join("client/file"))?.toString()).toBe("old");
  });

  test("when it was to be told that a transfer is cancelled is given up", async () => {
    using folder = new TemporaryFolder();
    await using server = await HostileServer.startFor("GET", async (victim) => {
      await victim.send(announce(Number.MAX_SAFE_INTEGER));
      await victim.gone();
    });
    const ran = await connect(folder.join("client"), server.port, "GET file", "--timeout", "1");
    expect(ran.status).toBe(3);
  });

  test("while a file is sent to it, without reading, is given up", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("client/large"), Buffer.alloc(64 * 1024 * 1024));
    await using server = await HostileServer.startFor("PUT", async (victim) => {
      victim.deafen();
      await victim.gone();
    });
    const ran = await connect(folder.join("client"), server.port, "PUT large", "--timeout", "1");
    expect(ran.status).toBe(3);
  });
});
