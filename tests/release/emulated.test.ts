import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { NATIVE, whyNoRelease } from "../../scripts/release/native.ts";
import { findTarget, PROCESSORS } from "../../scripts/release/targets.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { bareEnvironment, find, HANG_MS, release, unpack } from "./made.ts";
import { getAndPut } from "./session.ts";

const TARGET = "linux-arm64";
/** Where Debian's libc6-arm64-cross puts the other system's C library. */
const ROOT = "/usr/aarch64-linux-gnu";
/** Of qemu-user and of qemu-user-static. */
const QEMU = Bun.which("qemu-aarch64") ?? Bun.which("qemu-aarch64-static");

const no =
  whyNoRelease() ??
  (NATIVE === TARGET ? "that is this system: the other tests run it" : undefined) ??
  (QEMU === null ? "needs qemu-user" : undefined) ??
  (existsSync(`${ROOT}${PROCESSORS.arm64.glibc}`) ? undefined : "needs libc6-arm64-cross");
const because = no === undefined ? "" : ` (${no})`;

describe.skipIf(no !== undefined)(
  `the archive for ${TARGET}, on an emulated processor${because}`,
  () => {
    test(
      "serves, lists, gets and puts",
      async () => {
        using folder = new TemporaryFolder();
        await release(TARGET, folder.join("made"));
        await unpack(find(folder.join("made"), ".tar.xz"), folder.join("unpacked"));
        expect(find(folder.join("made"), ".deb")).toEndWith(`_${findTarget(TARGET).debian}.deb`);
        for (const name of ["home", "session"]) mkdirSync(folder.join(name));
        const program = [QEMU ?? "", "-L", ROOT, folder.join("unpacked/sftp")];
        const env = bareEnvironment(folder.join("home"));
        await getAndPut({ server: program, client: program, env, folder: folder.join("session") });
      },
      HANG_MS,
    );
  },
);
