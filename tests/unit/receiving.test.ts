import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { closeSync, openSync } from "node:fs";
import { Lease } from "../../src/memory/lease.ts";
import { BLOCK_SIZE } from "../../src/protocol/limits.ts";
import { RequestDecoder, type RequestEvent } from "../../src/protocol/request-decoder.ts";
import { Channel } from "../../src/transport/channel.ts";
import { Connection, ConnectionLost } from "../../src/transport/connection.ts";
import { TURN_BYTES } from "../../src/transport/incoming.ts";
import { FeignedWire } from "./feigned-wire.ts";

/** What the other side has to say, and what it comes out as. */
interface Said {
  readonly bytes: Uint8Array;
  readonly blocks: readonly Buffer[];
}

/** An upload of so many bytes, each block of which tells which one it is, and a request behind it. */
function upload(size: number): Said {
  const blocks: Buffer[] = [];
  for (let at = 0; at < size; at += BLOCK_SIZE) {
    blocks.push(Buffer.alloc(Math.min(BLOCK_SIZE, size - at), `block ${blocks.length}, `));
  }
  const framed = blocks.flatMap((block) => [
    Buffer.from(`+${block.length} 0123456789abcdef\n`),
    block,
  ]);
  const parts = [Buffer.from(`PUT file size=${size}\n`), ...framed, Buffer.from("END\nNOOP\n")];
  return { bytes: Buffer.concat(parts), blocks };
}

/** Lets everything go on that can. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const ways = [
  { name: "straight from the kernel", hasDescriptor: true },
  { name: "by way of the runtime", hasDescriptor: false },
];

describe.each(ways)("a connection that is read $name", ({ hasDescriptor }) => {
  test("gives what was sent, whatever pieces it comes in and however late it is used", async () => {
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 3 * BLOCK_SIZE }),
      fc.integer({ min: 1, max: 6 }).map((blocks) => blocks * BLOCK_SIZE),
    );
    const pieces = fc.array(fc.integer({ min: 5_000, max: 80_000 }), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(sizes, pieces, fc.integer({ min: 0, max: 4 }), async (size, cuts, late) => {
        using wire = new FeignedWire(hasDescriptor);
        const connection = new Connection(wire, { isPlain: true });
        const { bytes, blocks } = upload(size);
        const seen = readAll(connection, late);
        let sent = 0;
        for (let cut = 0; sent < bytes.length; cut++) {
          sent += wire.send(bytes.subarray(sent, sent + (cuts[cut % cuts.length] ?? 1)));
          wire.poll(connection);
          await turn();
        }
        wire.hangUp();
        while (!seen.ended) {
          wire.poll(connection);
          await turn();
        }
        expect(seen.kinds.join(" ")).toBe(
          ["request", ...blocks.map(() => "block"), "end", "request"].join(" "),
        );
        expect(seen.blocks.length).toBe(blocks.length);
        expect(seen.blocks.every((block, index) => blocks[index]?.equals(block))).toBe(true);
        expect(connection.received).toBe(bytes.length);
      }),
      { numRuns: 40 },
    );
  });

  test("leaves what nobody reads with the sender", async () => {
    using wire = new FeignedWire(hasDescriptor);
    const connection = new Connection(wire, { isPlain: true });
    const { bytes } = upload(40 * BLOCK_SIZE);
    const channel = new Channel(connection, new RequestDecoder(Lease.lend));
    let sent = 0;
    const go = async (): Promise<void> => {
      sent += wire.send(bytes.subarray(sent));
      wire.poll(connection);
      await turn();
    };
    // One is waited for each time, so that the connection is in the midst of it.
    for (let event = 0; event < 5; event++) {
      const waiting = { isOver: false };
      void channel.read().then(() => (waiting.isOver = true));
      while (!waiting.isOver) await go();
    }
    const before = connection.received;
    for (let time = 0; time < 40; time++) await go();
    expect(connection.received - before).toBeLessThanOrEqual(1024 * 1024);
    expect(wire.isPaused).toBe(true);
  });
});

/** Reads requests to the end, and gives each block's memory back `late` blocks later. */
function readAll(connection: Connection, late: number) {
  const channel = new Channel(connection, new RequestDecoder(Lease.lend));
  const seen = { kinds: Array<RequestEvent["type"]>(), blocks: Array<Buffer>(), ended: false };
  const held: Extract<RequestEvent, { type: "block" }>[] = [];
  const letGo = (): void => {
    const block = held.shift();
    if (block === undefined) return;
    // It must be what it was, whatever came since.
    seen.blocks.push(Buffer.from(block.data));
    block.release?.();
  };
  const read = async (): Promise<void> => {
    for (let event = await channel.read(); event !== undefined; event = await channel.read()) {
      seen.kinds.push(event.type);
      if (event.type !== "block") continue;
      held.push(event);
      if (held.length > late) letGo();
    }
    while (held.length > 0) letGo();
    seen.ended = true;
  };
  void read();
  return seen;
}

describe("a connection that is read straight from the kernel", () => {
  test("takes a block in the midst of it without the runtime", async () => {
    using wire = new FeignedWire(true);
    const connection = new Connection(wire, { isPlain: true });
    const into = Buffer.alloc(1000);
    wire.send(Buffer.from("what came"));
    expect(await connection.takeInto([into.subarray(0, 4), into.subarray(100)])).toBe(9);
    expect(into.toString("latin1", 0, 4) + into.toString("latin1", 100, 105)).toBe("what came");
    expect(wire.isPaused).toBe(true);
    expect(await connection.takeInto([into])).toBe(0);
    // What comes a moment later is looked for once more.
    const later = connection.takeInto([into]);
    wire.send(Buffer.from("late"));
    expect(await later).toBe(4);
    expect(wire.isPaused).toBe(true);
    const next = connection.read();
    expect(wire.isPaused).toBe(false);
    wire.send(Buffer.from("more"));
    wire.poll(connection);
    expect(Buffer.from((await next) ?? []).toString()).toBe("more");
  });

  test("takes nothing ahead of what the runtime has taken", async () => {
    using wire = new FeignedWire(true);
    const connection = new Connection(wire, { isPlain: true });
    wire.send(Buffer.from("first"));
    wire.poll(connection);
    wire.send(Buffer.from("second"));
    expect(await connection.takeInto([Buffer.alloc(10)])).toBe(0);
    expect(Buffer.from((await connection.read()) ?? []).toString()).toBe("first");
    expect(await connection.takeInto([Buffer.alloc(10)])).toBe(6);
  });

  test("gives others their turn", async () => {
    using wire = new FeignedWire(true);
    const endless = openSync("/dev/zero", "r");
    try {
      wire.fd = endless;
      const connection = new Connection(wire, { isPlain: true });
      let others = 0;
      setImmediate(() => others++);
      for (let taken = 0; taken < TURN_BYTES;) {
        taken += await connection.takeInto([Buffer.alloc(BLOCK_SIZE)]);
      }
      expect(others).toBe(0);
      await connection.takeInto([Buffer.alloc(BLOCK_SIZE)]);
      expect(others).toBe(1);
    } finally {
      closeSync(endless);
    }
  });

  test("is lost where the system tells of an error", async () => {
    using wire = new FeignedWire(true);
    const folder = openSync("/", "r");
    try {
      wire.fd = folder;
      const connection = new Connection(wire, { isPlain: true });
      expect(await connection.takeInto([Buffer.alloc(10)])).toBe(0);
      expect(wire.isClosed).toBe(true);
      expect(connection.read()).rejects.toThrow(ConnectionLost);
    } finally {
      closeSync(folder);
    }
  });

  test.each<[string, (connection: Connection, wire: FeignedWire) => void]>([
    ["it is cut", (connection) => connection.destroy("cut")],
    ["it is finished", (connection) => void connection.finish()],
    ["the other side has ended it", (connection) => connection.onEnd()],
    ["the socket is closed", (_, wire) => (wire.fd = -1)],
  ])("takes nothing once %s", async (_, happen) => {
    using wire = new FeignedWire(true);
    const connection = new Connection(wire, { isPlain: true });
    wire.send(Buffer.from("late"));
    happen(connection, wire);
    expect(await connection.takeInto([Buffer.alloc(10)])).toBe(0);
  });

  test("notices its end while nobody reads, if it is told that nobody does", async () => {
    using wire = new FeignedWire(true);
    const connection = new Connection(wire, { isPlain: true });
    wire.send(Buffer.from("last"));
    await connection.takeInto([Buffer.alloc(4)]);
    wire.hangUp();
    connection.rest();
    wire.poll(connection);
    await connection.ended;
  });
});

test("what may be encrypted is not read by the descriptor", async () => {
  using wire = new FeignedWire(true);
  const connection = new Connection(wire);
  wire.send(Buffer.from("secret"));
  expect(await connection.takeInto([Buffer.alloc(10)])).toBe(0);
  wire.poll(connection);
  expect(Buffer.from((await connection.read()) ?? []).toString()).toBe("secret");
});
