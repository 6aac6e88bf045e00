import { afterEach, describe, expect, test } from "bun:test";
import { readArguments, type Arguments, type Flags } from "../../src/cli/args.ts";
import { isOn, readSeconds, saidBy, setting, variableOf } from "../../src/cli/settings.ts";
import { usageOf } from "../support/usage.ts";

const FLAGS: Flags = {
  "test-of-setting": { type: "string", default: "1" },
  root: { type: "string", default: "./server", variable: "SFTP_TEST_ROOT" },
  "test-of-switch": { type: "boolean" },
  insecure: { type: "boolean", flagOnly: true },
  address: { type: "positional", required: false },
};
const VARIABLE = "SFTP_TEST_OF_SETTING";
const SWITCH = "SFTP_TEST_OF_SWITCH";

function read(...raw: string[]): Arguments {
  return readArguments("serve", FLAGS, raw);
}

/** The same with a configuration file that sets a flag. */
function withFile(name: string, value: string, ...raw: string[]): Arguments {
  return read(...raw).withFile(new Map([[name, { value, from: `c.toml line 3: ${name}` }]]));
}

afterEach(() => {
  for (const name of [VARIABLE, SWITCH, "SFTP_TEST_ROOT", "SFTP_INSECURE"]) {
    delete process.env[name];
  }
});

describe("variableOf()", () => {
  test("derives the variable from the name, unless the flag names one or has none", () => {
    expect(variableOf(FLAGS, "test-of-setting")).toBe(VARIABLE);
    expect(variableOf(FLAGS, "root")).toBe("SFTP_TEST_ROOT");
    expect(variableOf(FLAGS, "insecure")).toBeUndefined();
    expect(variableOf(FLAGS, "address")).toBeUndefined();
    expect(variableOf(FLAGS, "other")).toBeUndefined();
  });
});

describe("setting()", () => {
  const name = "test-of-setting";

  test("prefers the flag to the environment, that to the file, and that to the default", () => {
    expect(setting(read(), name)).toEqual({ value: "1", from: `--${name}` });
    const from = `c.toml line 3: ${name}`;
    expect(setting(withFile(name, "2"), name)).toEqual({ value: "2", from });
    process.env[VARIABLE] = "3";
    expect(setting(withFile(name, "2"), name)).toEqual({ value: "3", from: VARIABLE });
    const flag = setting(withFile(name, "2", `--${name}=4`), name);
    expect(flag).toEqual({ value: "4", from: `--${name}` });
  });

  test("takes an empty variable for none, and an empty flag for a mistake", () => {
    process.env[VARIABLE] = "";
    expect(setting(withFile(name, "2"), name).value).toBe("2");
    expect(usageOf(() => setting(read(`--${name}=`), name))).toStartWith(`--${name} is empty`);
  });

  test("saidBy() tells what set a value unless that was typed, or is the default", () => {
    expect(saidBy(setting(read(), "root"))).toBe("");
    expect(saidBy(setting(read("--root", "a"), "root"))).toBe("");
    process.env["SFTP_TEST_ROOT"] = "b";
    expect(saidBy(setting(read(), "root"))).toBe(" (set by SFTP_TEST_ROOT)");
  });
});

describe("isOn()", () => {
  const name = "test-of-switch";

  test("prefers the flag to the environment, and that to the file", () => {
    expect(isOn(read(), name)).toBe(false);
    expect(isOn(withFile(name, "true"), name)).toBe(true);
    expect(isOn(withFile(name, "true", `--no-${name}`), name)).toBe(false);
    process.env[SWITCH] = "0";
    expect(isOn(withFile(name, "true"), name)).toBe(false);
    expect(isOn(withFile(name, "true", `--${name}`), name)).toBe(true);
    process.env[SWITCH] = "1";
    expect(isOn(read(), name)).toBe(true);
    expect(isOn(read(`--no-${name}`), name)).toBe(false);
  });

  test("fails with status 2 when the environment says neither", () => {
    process.env[SWITCH] = "maybe";
    expect(usageOf(() => isOn(read(), name))).toBe(
      `${SWITCH} maybe is neither on nor off: give 1 or 0`,
    );
  });

  test("never asks the environment for what is a flag alone", () => {
    process.env["SFTP_INSECURE"] = "1";
    expect(isOn(read(), "insecure")).toBe(false);
    expect(isOn(read("--insecure"), "insecure")).toBe(true);
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
