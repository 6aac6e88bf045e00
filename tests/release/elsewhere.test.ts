import { $ } from "bun";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "../../src/cli/version.ts";
import { cleanEnvironment, TemporaryFolder } from "../support/programs.ts";
import { whyNoRelease } from "../../scripts/release/native.ts";
import { find, HANG_MS, release, unpack } from "./made.ts";
import { getAndPut } from "./session.ts";

const ARM_LIBRARIES = "/usr/aarch64-linux-gnu";

function whyNoArm(): string | undefined {
  if (process.arch === "arm64") return "this is one";
  if (Bun.which("qemu-aarch64") === null) return "needs qemu-user";
  return existsSync(ARM_LIBRARIES) ? undefined : "needs libc6-arm64-cross";
}

const no = whyNoRelease() ?? whyNoArm();
const because = no === undefined ? "" : ` (${no})`;

describe.skipIf(no !== undefined)(`the archive for Linux on arm64, emulated${because}`, () => {
  let folder: TemporaryFolder;

  beforeAll(async () => {
    folder = new TemporaryFolder();
    await release("linux-arm64", folder.join("release"));
    await unpack(find(folder.join("release"), ".tar.xz"), folder.join("unpacked"));
  }, HANG_MS);

  afterAll(() => folder[Symbol.dispose]());

  test("tells its version, gets a file and puts one", async () => {
    const program = ["qemu-aarch64", "-L", ARM_LIBRARIES, folder.join("unpacked/sftp")];
    expect(await $`${program} --version`.text()).toStartWith(`sftp ${VERSION} (`);
    mkdirSync(folder.join("session"));
    const env = cleanEnvironment();
    await getAndPut({ server: program, client: program, env, folder: folder.join("session") });
  });
});

function whyNoMusl(): string | undefined {
  if (process.arch !== "x64") return "needs x64";
  if (Bun.which("musl-gcc") === null || !existsSync("/lib/ld-musl-x86_64.so.1")) {
    return "needs musl-tools";
  }
  const { stdout } = Bun.spawnSync(["gcc", "-print-file-name=libstdc++_pic.a"]);
  return stdout.toString().startsWith("/") ? undefined : "needs libstdc++-12-pic";
}

const noMusl = whyNoRelease() ?? whyNoMusl();
const becauseMusl = noMusl === undefined ? "" : ` (${noMusl})`;

describe.skipIf(noMusl !== undefined)(
  `the archive for Linux on x64 with musl${becauseMusl}`,
  () => {
    let folder: TemporaryFolder;

    beforeAll(async () => {
      folder = new TemporaryFolder();
      await release("linux-x64-musl", folder.join("release"));
      await unpack(find(folder.join("release"), ".tar.xz"), folder.join("unpacked"));
      mkdirSync(folder.join("library"));
      const script = join(import.meta.dir, "musl-library.sh");
      await $`sh ${script} ${folder.join("unpacked/sftp")} ${folder.join("library")}`;
    }, HANG_MS);

    afterAll(() => folder[Symbol.dispose]());

    test("tells its version, gets a file and puts one", async () => {
      const program = [folder.join("unpacked/sftp")];
      const env = cleanEnvironment({ LD_LIBRARY_PATH: folder.join("library") });
      expect(await $`${program} --version`.env(env).text()).toStartWith(`sftp ${VERSION} (`);
      mkdirSync(folder.join("session"));
      await getAndPut({ server: program, client: program, env, folder: folder.join("session") });
    });
  },
);
