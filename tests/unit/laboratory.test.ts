import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Broken, Void, type Part, type Stage } from "../soak/part.ts";
import { Parsers } from "../soak/parsers.ts";
import { runPart, type Extent } from "../soak/runner.ts";
import { findings } from "../soak/sabotage.ts";
import { write } from "../support/files.ts";
import { ClientProcess, TemporaryFolder } from "../support/programs.ts";
import { Random } from "../support/random.ts";

const SOAK = join(import.meta.dir, "../../scripts/soak.ts");
const SOON = { trial: 50, begin: 50 };

/** A part that tries what it is given. */
function partOf(trial: Stage["trial"], stage: Partial<Stage> = {}, lanes = 1): Part {
  const begin = async (): Promise<Stage> => ({
    trial,
    async [Symbol.asyncDispose]() {},
    ...stage,
  });
  return { name: "made-up", about: "a part of a test", count: 5, sample: 1, lanes, begin };
}

function run(part: Part, extent: Partial<Extent> = {}): ReturnType<typeof runPart> {
  return runPart(part, { seed: 1, from: 0, ...extent }, SOON);
}

describe("runPart()", () => {
  test("makes as many trials as are asked for, however many lanes there are", async () => {
    const numbers: number[] = [];
    const trial = async (_: Random, index: number): Promise<string> => {
      numbers.push(index);
      return "tried";
    };
    const { tried, failures } = await run(partOf(trial, {}, 16), { count: 1 });
    expect({ tried, failures, numbers }).toEqual({ tried: 1, failures: [], numbers: [0] });
    const whole = await run(partOf(trial, { total: 3 }, 16), { count: 20 });
    expect({ tried: whole.tried, failures: whole.failures }).toEqual({ tried: 3, failures: [] });
  });

  test("does not count what is void, and fails where all of it is", async () => {
    const some = await run(partOf(async (_, index) => (index > 2 ? "tried" : new Void("late"))));
    expect(some).toMatchObject({ tried: 2, failures: [], voids: new Map([["late", 3]]) });
    const none = await run(partOf(async () => new Void("late")));
    expect(none.failures).toEqual(["made-up, on the whole: nothing was tried: 5 late"]);
  });

  test("fails where there is no such trial", async () => {
    const part = partOf(async () => "tried", { total: 3, find: () => undefined });
    const { failures } = await run(part, { from: 3 });
    expect(failures).toEqual(["made-up, on the whole: there is no trial 3, only 3 of them"]);
    const named = await run(part, { named: "x" });
    expect(named.failures).toEqual(["made-up, on the whole: there is no case x"]);
  });

  test("ends a trial that hangs, with its programs, and begins no other", async () => {
    using folder = new TemporaryFolder();
    let begun = 0;
    let ended = false;
    const part = partOf(async () => {
      begun++;
      await using client = ClientProcess.start(folder.path, ["--timeout", "60"]);
      await client.ended();
      ended = true;
      return "tried";
    });
    const { failures } = await run(part);
    expect(failures).toEqual([expect.stringMatching(/trial 0 .*\): it hangs$/)]);
    expect({ begun, ended }).toEqual({ begun: 1, ended: true });
  });

  test("fails where the beginning or the end hangs", async () => {
    const never = new Promise<never>(() => {});
    const end = await run(partOf(async () => "tried", { end: () => never }));
    expect(end.failures).toEqual(["made-up, at the end: the look at the end hangs"]);
    const begin = await run({ ...partOf(async () => "tried"), begin: () => never });
    expect(begin.failures).toEqual(["made-up, on the whole: its beginning hangs"]);
  });

  test("repeats a trial by its name where it has one", async () => {
    const trial = async (): Promise<string> => {
      throw new Broken("it is wrong");
    };
    const { failures } = await run(partOf(trial, { nameOf: () => "PUT over/open:1" }), {
      count: 1,
    });
    expect(failures[0]).toEndWith(
      "npm run soak -- made-up --seed 1 --case 'PUT over/open:1'): a promise is broken: it is wrong",
    );
  });
});

describe("findings()", () => {
  test("has promises that trials found broken, and nothing else that fails", () => {
    const said = [
      "FAILED flips, on the whole: it did not come before the end",
      "FAILED flips, at the end: a promise is broken: it has grown",
      "FAILED flips, trial 3 (repeat: npm run soak -- flips --seed 1 --from 3 --count 1): it hangs",
      "FAILED flips, trial 4 (repeat: npm run soak -- flips --seed 1 --from 4 --count 1): a promise is broken: x",
    ];
    expect(findings(said.join("\n"))).toEqual(["x"]);
  });
});

test("a program that only fails is not taken for one without a defence", async () => {
  const child = Bun.spawn([process.execPath, SOAK, "--sabotage", "pin"], {
    env: { ...process.env, SFTP_LAB_BINARY: "/bin/false" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(await new Response(child.stdout).text()).toContain("0 passed, 1 failed");
  expect(await new Response(child.stderr).text()).toContain("NOT TRIED pin");
  expect(await child.exited).toBe(1);
});

test.each([["--count=0"], ["--count="], ["--seed="], ["--from=x"]])(
  "%s is refused",
  async (flag) => {
    const child = Bun.spawn([process.execPath, SOAK, "parsers", "--count=1", flag], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    expect(await new Response(child.stderr).text()).toStartWith(flag.replace("=", " "));
    expect(await child.exited).toBe(1);
  },
);

test("a parser that never ends is killed, and its input is named", async () => {
  using folder = new TemporaryFolder();
  const program = folder.join("endless.ts");
  write(
    program,
    `import { writeFileSync } from "node:fs";
    process.on("message", () => {
      const number = Buffer.alloc(8);
      number.writeDoubleLE(42);
      writeFileSync(process.argv[2], number);
      for (;;);
    });`,
  );
  await using parsers = new Parsers(program, 0.2);
  const trial = parsers.trial(new Random(1));
  await expect(trial).rejects.toThrow(/a parser hangs in input 42 of \d+: [\w ]+: base64 /);
});
