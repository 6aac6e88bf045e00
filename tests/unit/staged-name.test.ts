import { describe, expect, test } from "bun:test";
import {
  formatOwner,
  livenessOf,
  parseOwner,
  SELF,
  isSelf,
} from "../../src/storage/local/owner.ts";
import { randomId } from "../../src/storage/ids.ts";
import { isLeft, ownName, parseStagedName } from "../../src/storage/local/staged-name.ts";

const ID = "0123456789abcdef0123456789abcdef";
const MINUTE = 60_000;

describe("an owner", () => {
  test("is read as it was written", () => {
    expect(parseOwner(formatOwner(SELF))).toEqual(SELF);
    expect(isSelf({ ...SELF })).toBe(true);
    expect(isSelf({ ...SELF, started: "1" })).toBe(false);
  });

  test.each([
    "",
    "x",
    "00000000-00000000-00000000-1",
    "00000000-00000000-00000000-1-1-1",
    "0000000G-00000000-00000000-1-1",
  ])("is not read from %j", (text) => expect(parseOwner(text)).toBeUndefined());

  test("lives while this process does", () => {
    expect(livenessOf(SELF)).toBe("living");
  });

  test.each([
    ["is gone when its machine was started again", { boot: "00000000" }, "gone"],
    ["is gone when another process has its number", { started: "1" }, "gone"],
    ["is gone when nobody has its number", { pid: 4_194_304 }, "gone"],
    ["of another machine is unknown", { machine: "00000000" }, "unknown"],
    [
      "of another machine that was started again is unknown",
      { machine: "00000000", boot: "00000000" },
      "unknown",
    ],
    ["of another container is unknown", { space: "00000000" }, "unknown"],
  ] as const)("%s", (_, change, liveness) => {
    expect(livenessOf({ ...SELF, ...change })).toBe(liveness);
  });

  test("is gone when it was killed, also before its parent has asked", async () => {
    // A shell that does not wait leaves what was killed behind as a zombie.
    // What the second shell was not the one to start, it does not ask about.
    const script = "sleep 100 & exec sh -c 'echo $0; exec sleep 100' $!";
    const parent = Bun.spawn(["sh", "-c", script], { stdout: "pipe" });
    const reader = parent.stdout.getReader();
    const pid = Number(new TextDecoder().decode((await reader.read()).value));
    const field = async (index: number): Promise<string> => {
      const stat = await Bun.file(`/proc/${pid}/stat`).text();
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[index] ?? "";
    };
    const owner = { ...SELF, pid, started: await field(19) };
    expect(livenessOf(owner)).toBe("living");
    process.kill(pid, "SIGKILL");
    while ((await field(0)) !== "Z") await new Promise((resolve) => setTimeout(resolve, 1));
    expect(livenessOf(owner)).toBe("gone");
    parent.kill("SIGKILL");
    await parent.exited;
  });
});

describe("a staged name", () => {
  test("is read as it was written", () => {
    for (const kind of ["tmp", "part", "kept"] as const) {
      expect(parseStagedName(ownName(ID, kind))).toEqual({ id: ID, kind, owner: SELF });
    }
  });

  test.each([
    "",
    "notes.txt",
    `${ID}.part`,
    `${ID}.other.${formatOwner(SELF)}`,
    `${ID.toUpperCase()}.part.${formatOwner(SELF)}`,
    `${ID}0.part.${formatOwner(SELF)}`,
    `${ID}.part.${formatOwner(SELF)}.bak`,
    `a${ID}.part.${formatOwner(SELF)}`,
    `${ID}.part.${formatOwner(SELF)}\n`,
  ])("is not read from %j", (name) => expect(parseStagedName(name)).toBeUndefined());

  test("has an id that nobody else has", () => {
    const ids = new Set(Array.from({ length: 1000 }, randomId));
    expect(ids.size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("isLeft()", () => {
  const gone = { ...SELF, started: "1" };
  const foreign = { ...SELF, machine: "00000000" };

  test.each([
    ["what this process writes is not", "part", SELF, 9999 * MINUTE, false],
    ["what a process that is gone wrote is", "part", gone, 0, true],
    ["what another machine writes is not", "part", foreign, MINUTE, false],
    ["what another machine has not written to for long is", "part", foreign, 3 * MINUTE, true],
    [
      "what another machine will write to in the future is not",
      "part",
      foreign,
      -9999 * MINUTE,
      false,
    ],
    ["what only its writer could use is, once that is gone", "tmp", gone, 0, true],
    ["what was left in order is, whoever left it", "kept", SELF, 0, true],
  ] as const)("%s", (_, kind, owner, age, left) => {
    expect(isLeft({ id: ID, kind, owner }, age)).toBe(left);
  });
});
