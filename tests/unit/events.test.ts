import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatEvent } from "../../src/observe/events.ts";

/** Any text that a name or a message may hold, lone surrogates included. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string({
    unit: fc.constantFrom("\n", "\x1b", "\x7f", "\x9b", "\u2028", "\u202e", '"', "\\", "é"),
  }),
);

describe("formatEvent()", () => {
  test("writes one line of JSON", () => {
    expect(formatEvent({ event: "listening", host: "::1", port: 1, root: "/é\n\x7f🙂" })).toBe(
      '{"event":"listening","host":"::1","port":1,"root":"/\\u00e9\\n\\u007f\\ud83d\\ude42"}\n',
    );
  });

  test("writes printable ASCII alone that JSON.parse() reads as the same, for any text", () => {
    fc.assert(
      fc.property(text, text, text, (client, verb, path) => {
        const event = { event: "changed", client, verb, path } as const;
        const line = formatEvent(event);
        expect(/^[ -~]+\n$/.test(line)).toBe(true);
        expect(JSON.parse(line)).toEqual(event);
      }),
      { numRuns: 500 },
    );
  });

  test("writes seconds to the sixth digit", () => {
    const digest = "2d06800538d394c2";
    const event = { event: "transferred", direction: "sent", remote: "a", local: "a" } as const;
    const told = { ...event, bytes: 0, reused: 0, digest, seconds: 1 / 3 };
    expect(JSON.parse(formatEvent(told))).toEqual({ ...told, seconds: 0.333333 });
    expect(formatEvent({ ...told, seconds: 1e-9 })).toEndWith(',"seconds":0}\n');
    expect(formatEvent({ ...told, seconds: 0.000001 })).toMatch(/"seconds":(?:0\.000001|1e-6)}\n$/);
  });

  test("keeps numbers exact and nested entries whole", () => {
    const entries = [{ path: "a/é", type: "file", size: Number.MAX_SAFE_INTEGER }];
    const event = { event: "listed", path: "", entries } as const;
    expect(JSON.parse(formatEvent(event))).toEqual(event);
  });
});
