import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemOf, type System } from "../../../src/platform/system.ts";

const LINUX = systemOf("linux");
const MACOS = systemOf("darwin");
const WINDOWS = systemOf("win32");
const PROFILE = "C:\\Users\\anna";

test("nobody but platform asks which system it is", () => {
  const src = join(import.meta.dir, "../../../src");
  const asking = readdirSync(src, { recursive: true, encoding: "utf8" }).filter(
    (name) =>
      name.endsWith(".ts") && /process\s*\.\s*platform/.test(readFileSync(join(src, name), "utf8")),
  );
  expect(asking).toEqual([join("platform", "system.ts")]);
});

describe("folders", () => {
  test.each<[string, System, Record<string, string>, string, string, string]>([
    ["Linux", LINUX, {}, "/home/a", "/home/a/.local/state/sftp", "/home/a/.config/sftp"],
    ["macOS", MACOS, {}, "/Users/a", "/Users/a/.local/state/sftp", "/Users/a/.config/sftp"],
    [
      "what XDG says",
      LINUX,
      { XDG_STATE_HOME: "/s", XDG_CONFIG_HOME: "/c" },
      "/home/a",
      "/s/sftp",
      "/c/sftp",
    ],
    [
      "what XDG says wrongly, not from the root",
      LINUX,
      { XDG_STATE_HOME: "s", XDG_CONFIG_HOME: "" },
      "/home/a",
      "/home/a/.local/state/sftp",
      "/home/a/.config/sftp",
    ],
    [
      "Windows",
      WINDOWS,
      { LOCALAPPDATA: `${PROFILE}\\AppData\\Local`, APPDATA: `${PROFILE}\\AppData\\Roaming` },
      PROFILE,
      `${PROFILE}\\AppData\\Local\\sftp`,
      `${PROFILE}\\AppData\\Roaming\\sftp`,
    ],
    [
      "Windows without its variables",
      WINDOWS,
      {},
      PROFILE,
      `${PROFILE}\\AppData\\Local\\sftp`,
      `${PROFILE}\\AppData\\Roaming\\sftp`,
    ],
    [
      "Windows with those of XDG",
      WINDOWS,
      { XDG_STATE_HOME: "D:\\state", XDG_CONFIG_HOME: "/no drive" },
      PROFILE,
      "D:\\state\\sftp",
      "\\no drive\\sftp",
    ],
  ])("of %s", (_, system, env, home, state, config) => {
    expect(system.stateFolder(env, home)).toBe(state);
    expect(system.configFolder(env, home)).toBe(config);
  });
});

test("a server stops when its terminal goes, and for whoever can ask it to", () => {
  for (const system of [LINUX, MACOS]) {
    expect(system.stopSignals).toEqual(["SIGINT", "SIGTERM", "SIGHUP"]);
  }
  expect(WINDOWS.stopSignals).toEqual(["SIGINT", "SIGBREAK", "SIGHUP"]);
});

test.each([
  ["~", true, true],
  ["~/a", true, true],
  ["~\\a", false, true],
  ["~a", false, false],
  ["a/~", false, false],
])("%s is at the home: %j, and on Windows: %j", (typed, elsewhere, onWindows) => {
  expect(LINUX.startsAtHome(typed)).toBe(elsewhere);
  expect(MACOS.startsAtHome(typed)).toBe(elsewhere);
  expect(WINDOWS.startsAtHome(typed)).toBe(onWindows);
});

test("commands of the machine go to its own shell", () => {
  expect(LINUX.shell({ SHELL: "/bin/zsh" })).toBe("/bin/zsh");
  expect(LINUX.shell({ SHELL: "" })).toBe("sh");
  expect(LINUX.shellCommand("ls; date", {})).toEqual(["sh", "-c", "ls; date"]);
  expect(WINDOWS.shell({})).toBe("cmd.exe");
  const COMSPEC = "C:\\Windows\\system32\\cmd.exe";
  expect(WINDOWS.shell({ COMSPEC, SHELL: "/bin/bash" })).toBe(COMSPEC);
  expect(WINDOWS.shellCommand("dir", { COMSPEC })).toEqual([COMSPEC, "/d", "/s", "/c", "dir"]);
});

test("links are refused by opening where that can be, and folders are held where that can be", () => {
  expect([LINUX, MACOS, WINDOWS].map((system) => system.refusesLinks)).toEqual([true, true, false]);
  expect([LINUX, MACOS, WINDOWS].map((system) => system.holdsFolders)).toEqual([
    true,
    false,
    false,
  ]);
  expect([LINUX, MACOS, WINDOWS].map((system) => system.hasModes)).toEqual([true, true, false]);
});
