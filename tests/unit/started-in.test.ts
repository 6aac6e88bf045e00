import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { flagsOf, readArguments } from "../../src/cli/args.ts";
import { connect } from "../../src/cli/connect.ts";
import { rootFrom } from "../../src/cli/roots.ts";
import { serve } from "../../src/cli/serve-flags.ts";
import { trustFrom } from "../../src/cli/trust.ts";
import { fromStart } from "../../src/platform/started-in.ts";
import { within } from "../../src/storage/local/small/within.ts";
import { TemporaryFolder } from "../support/programs.ts";

const IS_LINUX = process.platform === "linux";
const started = process.cwd();
afterEach(() => process.chdir(started));

describe("a path that does not begin at the root", () => {
  test("begins where the program was started, wherever it is now", () => {
    process.chdir("/");
    expect(fromStart("a/../b")).toBe(`${started}/a/../b`);
    expect(fromStart("/a")).toBe("/a");
  });

  test("is one of a user's root that is opened later", async () => {
    using folder = new TemporaryFolder();
    mkdirSync(folder.join("own"));
    const given = readArguments("serve", await flagsOf(serve), [
      "--root",
      relative(started, folder.path),
    ]);
    process.chdir("/");
    const storage = await rootFrom(given, { make: false }).openInside("own");
    expect(await storage.stat([])).toMatchObject({ type: "folder" });
    await storage.close();
  });

  test("is one of a token that is read later", async () => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.join("token"), "secret\n", { mode: 0o600 });
    const path = relative(started, folder.join("token"));
    const given = readArguments("connect", await flagsOf(connect), ["--token-file", path]);
    process.chdir("/");
    const trust = trustFrom(
      given,
      false,
      () => undefined,
      (ask) => ask(),
    );
    expect(await trust.knownSecret({ host: "127.0.0.1", port: 1 })).toBe("secret");
  });
});

describe.skipIf(!IS_LINUX)("within()", () => {
  test("goes into a folder, and back, also where something is thrown", () => {
    using folder = new TemporaryFolder();
    const gone = (): never => {
      throw new Error(process.cwd());
    };
    expect(within(folder.path, (here) => [here, process.cwd()])).toEqual([".", folder.path]);
    expect(() => within(folder.path, gone)).toThrow(folder.path);
    expect(process.cwd()).toBe(started);
  });

  test("stays nowhere where the folder that it came from was removed", () => {
    using folder = new TemporaryFolder();
    mkdirSync(folder.join("before"));
    process.chdir(folder.join("before"));
    within(folder.path, () => rmSync(folder.join("before"), { recursive: true }));
    expect(process.cwd()).toBe("/");
  });
});
