import { afterEach, describe, expect, test } from "bun:test";
import type { ArgsDef } from "citty";
import { readArguments, readSeconds, setting, type Arguments } from "../../src/cli/args.ts";
import { CommandFailed } from "../../src/client/errors.ts";

const DEFINITION: ArgsDef = {
  port: { type: "string", default: "12000" },
  root: { type: "string", default: "./server" },
  command: { type: "string", alias: "c" },
  json: { type: "boolean" },
  quiet: { type: "boolean", alias: ["q"] },
  address: { type: "positional", required: false },
};

function read(...raw: string[]): Arguments {
  return readArguments("serve", DEFINITION, raw);
}

/** The message of the usage error that work ends in. */
function usageOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof CommandFailed && error.status === 2) return error.message;
    throw error;
  }
}

describe("readArguments()", () => {
  test("reads values, flags and words in any order", () => {
    const given = read("--json", "here", "--port", "80", "--root=a b");
    expect(given.value("port")).toBe("80");
    expect(given.value("root")).toBe("a b");
    expect(given.has("json")).toBe(true);
    expect(given.has("quiet")).toBe(false);
    expect(given.words).toEqual(["here"]);
  });

  test("gives no value where none was given: defaults are for others", () => {
    expect(read().value("port")).toBeUndefined();
    expect(read().values("command")).toEqual([]);
    expect(read().words).toEqual([]);
  });

  test("takes the last of several values, and keeps them all in order", () => {
    const given = read("-c", "get a", "--command=put b", "-cquit", "-c", "-get c");
    expect(given.values("command")).toEqual(["get a", "put b", "quit", "-get c"]);
    expect(given.value("command")).toBe("-get c");
  });

  test("reads short names", () => {
    expect(read("-q").has("quiet")).toBe(true);
    const given = read("-qc", "get a");
    expect(given.has("quiet")).toBe(true);
    expect(given.value("command")).toBe("get a");
  });

  test("takes what follows -- as words", () => {
    expect(read("--", "--json").words).toEqual(["--json"]);
    expect(read("--", "--json").has("json")).toBe(false);
    expect(read("--", "--help").has("help")).toBe(false);
  });

  test.each<[string[]]>([
    [["--help"]],
    [["-h"]],
    [["--help", "--bogus"]],
    [["--bogus", "-h"]],
    [["a", "b", "--help"]],
  ])("asks for help alone when it is given %j", (raw) => {
    expect(read(...raw).has("help")).toBe(true);
  });

  test.each<[string[], string]>([
    [["--bogus"], "There is no flag --bogus"],
    [["--bogus=1"], "There is no flag --bogus"],
    [["--prot", "80"], "did you mean --port?"],
    [["-x"], "There is no flag -x"],
    [["-qx"], "There is no flag -x"],
    [["--no-json"], "There is no flag --no-json"],
    [["--JSON"], "There is no flag --JSON"],
    [["--address", "a"], "There is no flag --address"],
    [["--constructor"], "There is no flag --constructor"],
    [["--__proto__=a"], "There is no flag --__proto__"],
    [["--port"], "--port needs a value"],
    [["-c"], "-c needs a value"],
    [["--json=1"], "--json takes no value"],
    [["--json="], "--json takes no value"],
    [["a", "b"], "There is a word too many: b"],
    [["--json", "a", "--", "-b"], "There is a word too many: -b"],
    [["a", "-"], "There is a word too many: -"],
  ])("fails with status 2 when it is given %j", (raw, message) => {
    const said = usageOf(() => read(...raw));
    expect(said).toContain(message);
    expect(said).toEndWith(": see sftp serve --help");
  });
});

describe("setting()", () => {
  const VARIABLE = "SFTP_TEST_OF_SETTING";

  afterEach(() => {
    delete process.env[VARIABLE];
  });

  test("prefers the flag to the environment, and that to the default, and tells which it was", () => {
    expect(setting(read(), "port", VARIABLE, "1")).toEqual({ value: "1", from: "--port" });
    process.env[VARIABLE] = "2";
    expect(setting(read(), "port", VARIABLE, "1")).toEqual({ value: "2", from: VARIABLE });
    expect(setting(read("--port", "3"), "port", VARIABLE, "1")).toEqual({
      value: "3",
      from: "--port",
    });
  });

  test("takes an empty variable for none", () => {
    process.env[VARIABLE] = "";
    expect(setting(read(), "port", VARIABLE, "1").value).toBe("1");
  });
});

describe("readSeconds()", () => {
  test.each<[string, number]>([
    ["0", 0],
    ["10", 10_000],
    ["0.5", 500],
    ["1.25", 1250],
    ["2147483", 2_147_483_000],
  ])("reads %s s", (value, milliseconds) => {
    expect(readSeconds({ value, from: "--grace" })).toBe(milliseconds);
  });

  test.each([
    "",
    " ",
    "-1",
    "+1",
    ".5",
    "1.",
    "1e3",
    "0x1",
    "1s",
    "10 ",
    "1,5",
    "Infinity",
    "NaN",
    "1.2345",
    "12345678",
  ])("fails with status 2 for %j, and names where it came from", (value) => {
    const message = usageOf(() => readSeconds({ value, from: "SFTP_GRACE" }));
    expect(message).toStartWith(`SFTP_GRACE ${value} is no time`);
  });
});
