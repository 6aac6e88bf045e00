import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatClock } from "../../src/observe/units.ts";
import { expecting } from "../../src/shell/many/expecting.ts";
import { fit } from "../../src/shell/progress/fit.ts";
import { Job } from "../../src/shell/progress/job.ts";
import { linesOf, type State } from "../../src/shell/progress/lines.ts";
import { plain } from "../../src/shell/text.ts";

const name = fc.string({ unit: fc.constantFrom("a", "/", "e\u0301", "日", "🎉", "👩‍👩‍👧‍👦") });
const amount = {
  bytes: fc.nat(),
  size: fc.option(fc.maxSafeNat(), { nil: undefined }),
  rate: fc.double({ min: 0, max: 1e12, noNaN: true }),
};
const state: fc.Arbitrary<State> = fc.oneof(
  fc.record({ is: fc.constantFrom("moving", "connecting", "waiting", "unanswered") }),
  fc.record({ is: fc.constantFrom("stalled", "retrying"), ms: fc.nat(1e7) }),
);

describe("fit()", () => {
  test("fills the width exactly, for any text", () => {
    fc.assert(
      fc.property(name, fc.nat(40), (text, width) => {
        expect(Bun.stringWidth(fit(text, width))).toBe(width);
      }),
    );
  });

  test("keeps the beginning and the end", () => {
    expect(fit("abcdefghij.txt", 9)).toBe("abcd….txt");
  });
});

describe("linesOf()", () => {
  test("is narrower than the terminal, for anything that is shown", () => {
    const all = fc.record({
      ...amount,
      done: fc.nat(1e6),
      files: fc.nat(1e6),
      allFound: fc.boolean(),
    });
    const file = fc.record({ ...amount, name });
    const columns = fc.integer({ min: 18, max: 200 });
    fc.assert(
      fc.property(
        file,
        fc.option(all, { nil: undefined }),
        state,
        columns,
        (one, many, is, wide) => {
          const lines = linesOf({ file: one, all: many, state: is }, wide);
          expect(lines).toHaveLength(many === undefined ? 1 : 2);
          for (const line of lines) expect(Bun.stringWidth(plain(line))).toBeLessThan(wide);
        },
      ),
    );
  });
});

test.each([
  [0, "0:00"],
  [6.2, "0:07"],
  [754, "12:34"],
  [3723, "1:02:03"],
  [1e9, ">99 h"],
])("formatClock(%d) is %j", (seconds, shown) => {
  expect(formatClock(seconds)).toBe(shown);
});

describe("expecting()", () => {
  test("counts what comes before it is used, keeps its order, and ends with its error", async () => {
    const job = new Job();
    const list = async function* () {
      yield [5, 6];
      yield [7];
      throw new Error("the listing broke off");
    };
    const got: number[] = [];
    const use = async (): Promise<void> => {
      for await (const sizes of expecting(job, list(), (item) => item)) {
        // All were looked at while the first was used.
        await new Promise((resolve) => setImmediate(resolve));
        got.push(job.files, ...sizes);
      }
    };
    await expect(use()).rejects.toThrow("the listing broke off");
    expect(got).toEqual([3, 5, 6, 3, 7]);
    expect(job.allFound).toBe(false);
  });

  test("takes no more where it is left", async () => {
    let closed = false;
    const list = async function* () {
      try {
        for (let item = 0; ; item++) yield [item];
      } finally {
        closed = true;
      }
    };
    for await (const [item] of expecting(new Job(), list(), () => 1)) if (item === 3) break;
    expect(closed).toBe(true);
  });
});
