import { $ } from "bun";
import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { NATIVE, whyNoRelease } from "../../scripts/release/native.ts";
import { Place } from "../../scripts/release/place.ts";
import { write } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { HANG_MS, TOP } from "./made.ts";

const no = whyNoRelease();
const because = no === undefined ? "" : ` (${no})`;

function release(to: string, env: Record<string, string> = {}) {
  return $`${process.execPath} scripts/release.ts --only ${NATIVE} --quick --to ${to}`
    .cwd(TOP)
    .env({ ...process.env, ...env })
    .nothrow()
    .quiet();
}

describe.skipIf(no !== undefined)(`a release into a folder${because}`, () => {
  test("never removes what no release has made", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("home/SHA256SUMS"), "mine");
    write(folder.join("home/thesis.txt"), "years");
    const { exitCode, stderr } = await release(folder.join("home"));
    expect([exitCode, stderr.toString()]).toEqual([1, expect.stringContaining("thesis.txt")]);
    expect(stderr.toString()).toContain("--to");
    expect(readFileSync(folder.join("home/thesis.txt"), "utf8")).toBe("years");
    expect(readdirSync(folder.path)).toEqual(["home"]);
  });

  test(
    "leaves the former release where it fails, and nothing beside it",
    async () => {
      using folder = new TemporaryFolder();
      write(folder.join("made/sftp-0.9.0-linux-x64.tar.xz"), "former");
      const xz = `#!/bin/sh\n[ "$1" = --version ] && exec /usr/bin/xz --version\nexit 1\n`;
      write(folder.join("bin/xz"), xz);
      chmodSync(folder.join("bin/xz"), 0o755);
      const PATH = `${folder.join("bin")}:${process.env["PATH"]}`;
      const { exitCode, stderr } = await release(folder.join("made"), { PATH });
      expect([exitCode, stderr.toString()]).toEqual([1, expect.stringContaining("tar could not")]);
      expect(readdirSync(folder.path).toSorted()).toEqual(["bin", "made"]);
      expect(readdirSync(folder.join("made"))).toEqual(["sftp-0.9.0-linux-x64.tar.xz"]);
    },
    HANG_MS,
  );
});

describe("Place", () => {
  test("puts a release in the place of the former one, and of an empty folder", () => {
    using folder = new TemporaryFolder();
    const former = `sftp-1.0.0-darwin-arm64.tar.xz sftp-1.0.0-windows-x64.zip SHA256SUMS
      submission.zip simple-ftp_1.0.0_amd64.deb sftp-1.0.0-linux-arm64-musl.tar.xz`;
    for (const name of former.split(/\s+/)) write(folder.join("made", name), "");
    mkdirSync(folder.join("empty"));
    for (const name of ["made", "empty", "new"]) {
      using place = new Place(folder.join(name));
      write(`${place.folder}/SHA256SUMS`, "new");
      write(`${place.scratch}/other`, "");
      place.finish();
    }
    expect(readdirSync(folder.path).toSorted()).toEqual(["empty", "made", "new"]);
    for (const name of ["made", "empty", "new"]) {
      expect(readdirSync(folder.join(name))).toEqual(["SHA256SUMS"]);
    }
  });

  test.each(["sftp.txt", "sftp-1.0.0-linux-x64.tar.xz/a", ".ssh/id", "notes.zip"])(
    "refuses a folder that holds %s",
    (name) => {
      using folder = new TemporaryFolder();
      write(folder.join("a", name), "");
      expect(() => new Place(folder.join("a"))).toThrow("of no release");
      expect(() => new Place(folder.join("a", name))).toThrow("is no folder");
    },
  );

  test("finds at its end what was put there meanwhile", () => {
    using folder = new TemporaryFolder();
    using place = new Place(folder.join("a"));
    write(folder.join("a/thesis.txt"), "years");
    expect(() => place.finish()).toThrow("thesis.txt");
    expect(readdirSync(folder.join("a"))).toEqual(["thesis.txt"]);
  });
});
