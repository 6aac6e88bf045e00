import { $ } from "bun";
import { describe, expect, test } from "bun:test";
import { appendFileSync, rmSync } from "node:fs";
import { readCommit, whyNotReproducible } from "../../scripts/support/commit.ts";
import { write } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";

const CONTENT = `src/main.ts scripts/release.ts client/hello.txt server/welcome.txt LICENSE
  docs/sftp.1 docs/screens/client.svg package.json bun.lock bunfig.toml tsconfig.json`.split(/\s+/);

const no = Bun.which("git") === null ? " (needs git)" : "";

describe.skipIf(no !== "")(`the commit's name${no}`, () => {
  test("has a + where anything differs that gets into an archive", async () => {
    using folder = new TemporaryFolder();
    const env = {
      ...process.env,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_SYSTEM: "/dev/null",
    };
    const git = (...args: string[]) => $`git ${args}`.cwd(folder.path).env(env).quiet();
    for (const name of [...CONTENT, "README.md"]) write(folder.join(name), "as committed\n");
    await git("init");
    await git("add", ".");
    const who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    await git(...who, "commit", "-m", "all");
    const hash = (await git("rev-parse", "HEAD")).text().slice(0, 7);
    const name = async () => (await readCommit(folder.path)).name;
    expect(await name()).toBe(hash);
    appendFileSync(folder.join("README.md"), "more\n");
    expect(await name()).toBe(hash);
    for (const file of CONTENT) {
      appendFileSync(folder.join(file), "changed\n");
      expect([file, await name()]).toEqual([file, `${hash}+`]);
      await git("checkout", file);
    }
    write(folder.join("src/new.ts"), "");
    expect(await name()).toBe(`${hash}+`);
    rmSync(folder.join("src/new.ts"));
    expect(await name()).toBe(hash);
  });
});

test.each([
  ["0123abc", undefined],
  ["0123abc+", "files differ from commit 0123abc: "],
  ["no commit", "nothing tells its commit: "],
])("a release of %s is warned of, unless it is of a commit", (name, why) => {
  const said = whyNotReproducible({ name, time: 0 });
  if (why === undefined) expect(said).toBeUndefined();
  else expect(said).toStartWith(why);
});
