import { $ } from "bun";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readdirSync } from "node:fs";
import { archive, type Release } from "../../scripts/release/archive.ts";
import { checkMachine } from "../../scripts/release/machine.ts";
import { whyNoRelease } from "../../scripts/release/native.ts";
import { packTar, packZip, type Entry } from "../../scripts/release/pack.ts";
import { checkSize } from "../../scripts/release/sizes.ts";
import { findTarget, systemName, TARGETS } from "../../scripts/release/targets.ts";
import { write } from "../support/files.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { TOP } from "./made.ts";

const NO_COMPLETIONS = { bash: "", zsh: "", fish: "" };

let folder: TemporaryFolder;

beforeAll(() => {
  folder = new TemporaryFolder();
});
afterAll(() => folder[Symbol.dispose]());

const no = whyNoRelease();
const because = no === undefined ? "" : ` (${no})`;

describe.skipIf(no !== undefined)(`packTar()${because}`, () => {
  const options = { time: 0, effort: "quick", x86: false } as const;

  test("fails where there is nothing by the name that it is to pack", async () => {
    write(folder.join("here/a.txt"), "a");
    const packed = packTar(folder.join("here"), "missing", folder.join("a.tar.xz"), options);
    await expect(packed).rejects.toThrow(/tar could not pack .*a\.tar\.xz: .*missing/s);
  });

  test("fails where xz does", async () => {
    write(folder.join("here/a.txt"), "a");
    write(folder.join("bin/xz"), "#!/bin/sh\ncat >/dev/null\necho full >&2\nexit 3\n");
    chmodSync(folder.join("bin/xz"), 0o755);
    const { PATH } = process.env;
    process.env["PATH"] = `${folder.join("bin")}:${PATH}`;
    try {
      const packed = packTar(folder.join("here"), "a.txt", folder.join("b.tar.xz"), options);
      await expect(packed).rejects.toThrow(/tar could not pack .*b\.tar\.xz: .*full/s);
    } finally {
      process.env["PATH"] = PATH;
    }
  });
});

describe("packZip()", () => {
  /** A zip as it is made in a zone, in hexadecimal. */
  async function zipIn(zone: string, time: number): Promise<string> {
    const script = `
      import { packZip } from "${TOP}/scripts/release/pack.ts";
      const entries = new Map([["a.txt", { content: "a" }], ["b", { content: "b", executable: true }]]);
      console.log((await packZip(entries, ${time}, "best")).toHex());`;
    const env = { ...process.env, TZ: zone };
    return $`${process.execPath} -e ${script}`.env(env).cwd(TOP).text();
  }

  test("is the same in every zone, also for a time that its clocks pass over", async () => {
    const gap = Date.UTC(2026, 2, 8, 2, 30) / 1000;
    expect(await zipIn("America/New_York", gap)).toBe(await zipIn("UTC", gap));
  });

  test.skipIf(Bun.which("zipinfo") === null)("keeps modes, and has UTC's clock", async () => {
    const entries = new Map<string, Entry>([
      ["b", { content: "b", executable: true }],
      ["a.txt", { content: "a" }],
    ]);
    const zip = folder.join("a.zip");
    await Bun.write(zip, await packZip(entries, Date.UTC(2026, 2, 8, 2, 30) / 1000, "best"));
    const lines = (await $`zipinfo ${zip}`.env({ ...process.env, TZ: "UTC" }).text()).split("\n");
    expect(lines[2]).toMatch(/^-rw-r--r-- .* 26-Mar-08 02:30 a\.txt$/);
    expect(lines[3]).toMatch(/^-rwxr-xr-x .* 26-Mar-08 02:30 b$/);
  });
});

describe("checkMachine()", () => {
  const elf = (machine: number, loader: string): Buffer => {
    const bytes = Buffer.alloc(256);
    bytes.write("\x7fELF\x02\x01", "latin1");
    bytes.writeUInt16LE(machine, 18);
    bytes.writeBigUInt64LE(64n, 32);
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(1, 56);
    bytes.writeUInt32LE(3, 64);
    bytes.writeBigUInt64LE(128n, 72);
    bytes.writeBigUInt64LE(BigInt(loader.length), 96);
    bytes.write(loader, 128, "latin1");
    return bytes;
  };
  const mach = (cpu: number): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(0xfeedfacf);
    bytes.writeUInt32LE(cpu, 4);
    return bytes;
  };
  const pe = (machine: number): Buffer => {
    const bytes = Buffer.alloc(256);
    bytes.write("MZ");
    bytes.writeUInt32LE(128, 0x3c);
    bytes.write("PE\0\0", 128, "latin1");
    bytes.writeUInt16LE(machine, 132);
    return bytes;
  };
  const EXECUTABLES: Readonly<Record<string, Buffer>> = {
    "linux-x64": elf(62, "/lib64/ld-linux-x86-64.so.2"),
    "linux-x64-musl": elf(62, "/lib/ld-musl-x86_64.so.1"),
    "linux-arm64": elf(183, "/lib/ld-linux-aarch64.so.1"),
    "linux-arm64-musl": elf(183, "/lib/ld-musl-aarch64.so.1"),
    "darwin-x64": mach(0x0100_0007),
    "darwin-arm64": mach(0x0100_000c),
    "windows-x64": pe(0x8664),
  };

  test("takes an executable for its own system alone", async () => {
    expect(Object.keys(EXECUTABLES)).toEqual(TARGETS.map(({ name }) => name));
    for (const [is, bytes] of Object.entries(EXECUTABLES)) {
      const file = folder.join(is);
      write(file, bytes);
      for (const target of TARGETS) {
        const checked = checkMachine(file, target);
        if (target.name === is) expect(await checked).toBeUndefined();
        else await expect(checked).rejects.toThrow(`archive for ${target.name}, and is for ${is}`);
      }
    }
  });

  test.each([
    ["empty", Buffer.alloc(0)],
    ["a script", Buffer.from("#!/bin/sh\n")],
    ["cut off", elf(62, "").subarray(0, 60)],
    ["of 32 bits", Buffer.from("\x7fELF\x01\x01".padEnd(256, "\0"), "latin1")],
  ])("refuses what is %s", async (name, bytes) => {
    write(folder.join(name), bytes);
    const checked = checkMachine(folder.join(name), findTarget("linux-x64"));
    await expect(checked).rejects.toThrow("is no executable for any system");
  });

  test("keeps the wrong program out of an archive", async () => {
    const wrong = folder.join("wrong/sftp");
    write(wrong, elf(183, ""));
    const release: Release = {
      companions: { license: "", notices: "", manual: "", completions: NO_COMPLETIONS },
      time: 0,
      effort: "quick",
      folder: folder.join("release"),
      scratch: folder.join("parts"),
    };
    const archived = archive(findTarget("linux-x64"), wrong, release);
    await expect(archived).rejects.toThrow("archive for linux-x64, and is for linux-arm64");
    expect(readdirSync(folder.path)).not.toContain("release");
  });

  test("knows the program that is tested", async () => {
    const native = TARGETS.find(({ name }) => name === systemName());
    if (native !== undefined) await checkMachine(`${TOP}/dist/sftp`, native);
  });
});

describe("systemName()", () => {
  const GLIBC = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];
  const MUSL = ["/lib/ld-musl-x86_64.so.1", "/lib/ld-musl-aarch64.so.1"];

  test.each<[string, string, string, string[]]>([
    ["linux-x64", "linux", "x64", GLIBC],
    ["linux-x64-musl", "linux", "x64", MUSL],
    ["linux-arm64-musl", "linux", "arm64", MUSL],
    // Debian has a package of musl, too.
    ["linux-x64", "linux", "x64", [...GLIBC, ...MUSL]],
    ["linux-riscv64", "linux", "riscv64", []],
    ["darwin-arm64", "darwin", "arm64", []],
    ["windows-x64", "win32", "x64", []],
  ])("is %s for %s on %s with %j", (expected, platform, processor, files) => {
    expect(systemName(platform, processor, (path) => files.includes(path))).toBe(expected);
  });
});

test.each([
  ["sftp-1.0.0-linux-x64.tar.xz", 42_000_000],
  ["submission.zip", 100_000_000],
])("%s of a release has to be smaller than %d bytes", (name, most) => {
  expect(() => checkSize(name, most - 1)).not.toThrow();
  expect(() => checkSize(name, most)).toThrow(`${name} has ${most} bytes`);
  expect(() => checkSize(`other-${name}.deb`, most)).not.toThrow();
});
