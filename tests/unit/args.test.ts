import { describe, expect, test } from "bun:test";
import { readArguments, type Arguments, type Flags } from "../../src/cli/args.ts";
import { usageOf } from "../support/usage.ts";

const DEFINITION: Flags = {
  port: { type: "string", default: "12000" },
  root: { type: "string", default: "./server" },
  command: { type: "string", alias: "c", flagOnly: true },
  json: { type: "boolean" },
  quiet: { type: "boolean", alias: ["q"] },
  "dry-run": { type: "boolean", flagOnly: true },
  address: { type: "positional", required: false },
};

function read(...raw: string[]): Arguments {
  return readArguments("serve", DEFINITION, raw);
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

  test("takes the last of a flag and its --no-", () => {
    expect(read("--json", "--no-json").switched("json")).toBe(false);
    expect(read("--no-json", "--json").switched("json")).toBe(true);
    expect(read("--no-json").has("json")).toBe(false);
    expect(read().switched("json")).toBeUndefined();
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
    [["--no-dry-run"], "There is no flag --no-dry-run"],
    [["--no-port"], "There is no flag --no-port"],
    [["--no-json=1"], "--no-json takes no value"],
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
