import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { BLOCK_SIZE, MAX_LINE } from "../../src/protocol/limits.ts";
import { Scanner, type Run } from "../../src/protocol/scanner.ts";
import { ProtocolViolation } from "../../src/protocol/violation.ts";

/** A scanner that was given these pieces. */
function scannerOf(...pieces: (string | Uint8Array)[]): Scanner {
  const scanner = new Scanner();
  for (const piece of pieces) scanner.push(Buffer.from(piece));
  return scanner;
}

/** How many bytes each array has that is made meanwhile. */
function allocationsOf(work: () => void): number[] {
  const sizes: number[] = [];
  const Real = globalThis.Uint8Array;
  globalThis.Uint8Array = new Proxy(Real, {
    construct(target, args: unknown[], newTarget) {
      if (typeof args[0] === "number") sizes.push(args[0]);
      return Reflect.construct(target, args, newTarget);
    },
  });
  try {
    work();
  } finally {
    globalThis.Uint8Array = Real;
  }
  return sizes;
}

describe("Scanner.line()", () => {
  test("gives lines without their ends, and undefined until one is whole", () => {
    const scanner = scannerOf("one\ntwo\r\n\nthr");
    expect([scanner.line(), scanner.line(), scanner.line(), scanner.line()]).toEqual([
      "one",
      "two",
      "",
      undefined,
    ]);
    scanner.push(Buffer.from("ee\r"));
    expect(scanner.line()).toBeUndefined();
    scanner.push(Buffer.from("\n"));
    expect(scanner.line()).toBe("three");
    expect(scanner.line()).toBeUndefined();
  });

  test.each([
    "a\rb\n",
    "a\r\r\n",
    "\x00\n",
    "a\x1b[1m\n",
    "\t\n",
    "\x7f\n",
    "\x80\n",
    "é\n",
    "\x9b\n",
  ])("throws ProtocolViolation for %j", (text) => {
    expect(() => scannerOf(text).line()).toThrow(ProtocolViolation);
  });

  test("takes a line of 8,192 bytes with its end, and no longer one, whole or in pieces", () => {
    const longest = "a".repeat(MAX_LINE - 1);
    expect(scannerOf(`${longest}\n`).line()).toBe(longest);
    expect(scannerOf(`${longest.slice(1)}\r\n`).line()).toBe(longest.slice(1));
    expect(scannerOf(...longest, "\n").line()).toBe(longest);
    expect(() => scannerOf(`${longest}a\n`).line()).toThrow(ProtocolViolation);
    expect(() => scannerOf(`${longest}\r\n`).line()).toThrow(ProtocolViolation);
    expect(() => scannerOf(...longest, "a", "\n").line()).toThrow(ProtocolViolation);
    expect(() => scannerOf(`${longest}a`).line()).toThrow(ProtocolViolation);
    expect(scannerOf(longest).line()).toBeUndefined();
  });

  test("comes to an end when a huge piece holds many lines", () => {
    const lines = 2_000_000;
    const scanner = scannerOf("NOOP\n".repeat(lines));
    let seen = 0;
    while (scanner.line() !== undefined) seen++;
    expect(seen).toBe(lines);
    expect(scanner.buffered).toBe(0);
  });

  test("comes to an end when a million pieces wait", () => {
    const scanner = new Scanner();
    const pieces = [Buffer.from("a"), Buffer.from("\n")] as const;
    for (let i = 0; i < 500_000; i++) for (const piece of pieces) scanner.push(piece);
    let seen = 0;
    while (scanner.line() !== undefined) seen++;
    expect(seen).toBe(500_000);
  });
});

describe("Scanner.run()", () => {
  test("gives a view of the piece when the bytes lie in one", () => {
    const piece = Buffer.from("abcdef");
    const scanner = new Scanner();
    scanner.push(piece);
    const run = scanner.run(4);
    expect(Buffer.from(run?.data ?? []).toString()).toBe("abcd");
    expect(run?.data.buffer).toBe(piece.buffer);
    expect(run?.data.byteOffset).toBe(piece.byteOffset);
    expect(Buffer.from(scanner.run(2)?.data ?? []).toString()).toBe("ef");
  });

  test("gives the same bytes however they are cut, and leaves what follows them", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1 }), (pieces) => {
        const whole = Buffer.concat(pieces);
        const scanner = new Scanner();
        let run: Run | undefined;
        for (const piece of pieces) {
          expect(run).toBeUndefined();
          scanner.push(piece);
          run = scanner.run(whole.length);
        }
        scanner.push(Buffer.from("next\n"));
        expect(Buffer.compare(run?.data ?? new Uint8Array(), whole)).toBe(0);
        expect(scanner.line()).toBe("next");
      }),
    );
  });

  test("gives each run memory of its own when it was gathered from pieces", () => {
    const scanner = scannerOf("a", "b", "c", "d");
    const first = scanner.run(2);
    const second = scanner.run(2);
    expect(Buffer.from(first?.data ?? []).toString()).toBe("ab");
    expect(Buffer.from(second?.data ?? []).toString()).toBe("cd");
  });

  test("allocates no more than its bytes call for as they arrive", () => {
    const scanner = new Scanner();
    const piece = new Uint8Array(1000);
    let arrived = 0;
    while (arrived + piece.length < BLOCK_SIZE) {
      const sizes = allocationsOf(() => {
        scanner.push(piece);
        expect(scanner.run(BLOCK_SIZE)).toBeUndefined();
      });
      arrived += piece.length;
      for (const size of sizes) expect(size).toBeLessThanOrEqual(Math.max(16_384, 2 * arrived));
    }
  });

  test("allocates a few times only when it gathers a block byte by byte", () => {
    const scanner = new Scanner();
    const piece = new Uint8Array(1);
    const sizes = allocationsOf(() => {
      for (let i = 1; i < BLOCK_SIZE; i++) {
        scanner.push(piece);
        scanner.run(BLOCK_SIZE);
      }
    });
    expect(sizes.length).toBeGreaterThan(0);
    expect(sizes.length).toBeLessThan(10);
  });
});

describe("Scanner.room()", () => {
  const LENGTH = 1000;
  const lending = (): Scanner =>
    new Scanner((length) => ({ bytes: new Uint8Array(length), release: () => undefined }));

  test("is where the rest of a run belongs, and what is put there is part of it", () => {
    const scanner = lending();
    scanner.push(new Uint8Array(LENGTH / 2).fill(1));
    expect(scanner.run(LENGTH)).toBeUndefined();
    const [rest, beyond] = scanner.room(LENGTH) ?? [];
    expect(rest?.length).toBe(LENGTH / 2);
    rest?.fill(2);
    beyond?.set(Buffer.from("line\n"));
    scanner.fill(LENGTH / 2 + 5);
    const { data } = scanner.run(LENGTH) ?? {};
    expect(data?.subarray(0, LENGTH / 2).every((byte) => byte === 1)).toBe(true);
    expect(data?.subarray(LENGTH / 2).every((byte) => byte === 2)).toBe(true);
    expect([scanner.line(), scanner.buffered]).toEqual(["line", 0]);
  });

  test("is there only when enough has come of a run, or the last was as long", () => {
    const scanner = lending();
    expect(scanner.room(LENGTH)).toBeUndefined();
    scanner.push(new Uint8Array(LENGTH / 2 - 1));
    scanner.run(LENGTH);
    expect(scanner.room(LENGTH)).toBeUndefined();
    scanner.push(new Uint8Array(LENGTH / 2 + 1));
    expect(scanner.room(LENGTH)).toBeUndefined();
    expect(scanner.run(LENGTH)?.data.length).toBe(LENGTH);
    expect(scanner.room(LENGTH + 1)).toBeUndefined();
    expect(scanner.room(LENGTH)).toBeDefined();
  });

  test("is there for a line behind a run whose memory was lent", () => {
    const scanner = lending();
    expect(scanner.lineRoom).toBeUndefined();
    scanner.push(new Uint8Array(LENGTH - 1));
    scanner.run(LENGTH);
    scanner.push(new Uint8Array(1));
    expect(scanner.lineRoom).toBeUndefined();
    scanner.run(LENGTH);
    const [room] = scanner.lineRoom ?? [];
    room?.set(Buffer.from("a line\n"));
    scanner.fill(3);
    expect(scanner.line()).toBeUndefined();
    scanner.lineRoom?.[0]?.set(Buffer.from("ine\nnext"));
    scanner.fill(8);
    expect(scanner.line()).toBe("a line");
    expect(scanner.buffered).toBe(4);
  });

  test("leaves a run alone that lay behind the one before", () => {
    const scanner = lending();
    const next = (filling: string): void => {
      scanner.push(new Uint8Array(LENGTH - 1));
      scanner.run(LENGTH);
      scanner.room(LENGTH)?.[1]?.set(Buffer.from(filling));
      scanner.fill(1 + filling.length);
      scanner.run(LENGTH);
    };
    next("kept");
    const run = scanner.run(4);
    next("lost");
    expect(Buffer.from(run?.data ?? []).toString()).toBe("kept");
  });
});

describe("Scanner.buffered", () => {
  test("counts what was pushed and not given back or taken up", () => {
    const scanner = scannerOf("ab\ncd", "ef");
    expect(scanner.buffered).toBe(7);
    scanner.line();
    expect(scanner.buffered).toBe(4);
    scanner.run(3);
    expect(scanner.buffered).toBe(1);
    scanner.push(new Uint8Array(0));
    expect(scanner.buffered).toBe(1);
  });
});

describe("Scanner.midway", () => {
  test("is true while part of a line or of a run has arrived", () => {
    const scanner = scannerOf();
    expect(scanner.midway).toBe(false);
    scanner.push(Buffer.from("a"));
    expect(scanner.midway).toBe(true);
    scanner.line();
    expect(scanner.midway).toBe(true);
    scanner.push(Buffer.from("\n"));
    scanner.line();
    expect(scanner.midway).toBe(false);
    scanner.push(Buffer.from("a"));
    scanner.run(2);
    expect(scanner.midway).toBe(true);
    scanner.push(Buffer.from("b"));
    scanner.run(2);
    expect(scanner.midway).toBe(false);
  });
});

describe("A piece's memory", () => {
  /** Lines and runs in turn, cut anywhere. */
  const stream = fc.array(
    fc.record({ line: fc.stringMatching(/^[a-z]{0,20}$/), run: fc.nat({ max: 40 }) }),
    { minLength: 1, maxLength: 20 },
  );

  test("is free when all of it was read and every run in it was released, and not before", () => {
    fc.assert(
      fc.property(
        stream,
        fc.array(fc.integer({ min: 1, max: 60 })),
        fc.infiniteStream(fc.nat()),
        (parts, cuts, choices) => {
          const bytes = Buffer.concat(
            parts.map(({ line, run }, index) =>
              Buffer.concat([Buffer.from(`${line}\n`), Buffer.alloc(run + 1, 97 + (index % 26))]),
            ),
          );
          const scanner = new Scanner();
          const freed: number[] = [];
          let pieces = 0;
          for (let at = 0; at < bytes.length; pieces++) {
            const length = cuts[pieces % Math.max(1, cuts.length)] ?? 7;
            const piece = Buffer.from(bytes.subarray(at, at + length));
            const number = pieces;
            scanner.push(piece, () => {
              freed.push(number);
              piece.fill(0xff);
            });
            at += length;
          }
          const held: Run[] = [];
          const release = (run: Run | undefined): void => {
            run?.release?.();
            // More often does no harm.
            run?.release?.();
          };
          for (const [index, { line, run: length }] of parts.entries()) {
            expect(scanner.line()).toBe(line);
            const run = scanner.run(length + 1);
            const expected = Buffer.alloc(length + 1, 97 + (index % 26));
            if (run !== undefined) held.push(run);
            expect(expected.equals(run?.data ?? Buffer.alloc(0))).toBe(true);
            for (const one of held) expect(one.data.includes(0xff)).toBe(false);
            const choice = choices.next().value ?? 0;
            if (choice % 2 === 0) release(held.splice(choice % held.length, 1)[0]);
          }
          for (const run of held) release(run);
          expect(freed.toSorted((one, other) => one - other)).toEqual([...Array(pieces).keys()]);
        },
      ),
      { numRuns: 500 },
    );
  });
});
