import { open } from "node:fs/promises";
import type { Processor, Target } from "./targets.ts";

/** Enough for the headers of an executable, and for the name of what loads it; in bytes. */
const HEAD = 64 * 1024;

/** What an executable is for. */
type Machine = Pick<Target, "kernel" | "musl"> & { readonly processor: Processor | undefined };

/** elf(5) and the list of e_machine in the System V ABI. */
const ELF: ReadonlyMap<number, Processor> = new Map([
  [62, "x64"],
  [183, "arm64"],
]);
const ELF_MAGIC = 0x464c457f;
/** EI_CLASS and EI_DATA: of 64 bits, and little-endian. */
const ELF_64_LITTLE = 0x0102;
const ELF_PROGRAM_INTERPRETER = 3;

/** `cputype` in Apple's mach/machine.h, with CPU_ARCH_ABI64. */
const MACH: ReadonlyMap<number, Processor> = new Map([
  [0x0100_0007, "x64"],
  [0x0100_000c, "arm64"],
]);
const MACH_64_MAGIC = 0xfeedfacf;

/** https://learn.microsoft.com/windows/win32/debug/pe-format, machine types. */
const PE: ReadonlyMap<number, Processor> = new Map([
  [0x8664, "x64"],
  [0xaa64, "arm64"],
]);
const MZ_MAGIC = 0x5a4d;
const PE_MAGIC = 0x4550;
const PE_HEADER_AT = 0x3c;

/** @throws where an executable is for another system than it is to be packed for */
export async function checkMachine(file: string, target: Target): Promise<void> {
  const is = machineOf(await head(file));
  const right =
    is !== undefined &&
    is.kernel === target.kernel &&
    is.processor === target.processor &&
    is.musl === target.musl;
  if (right) return;
  const what = is === undefined ? "no executable for any system" : `for ${described(is)}`;
  throw new Error(`${file} is to go into the archive for ${target.name}, and is ${what}`);
}

function described({ kernel, processor, musl }: Machine): string {
  return `${kernel}-${processor ?? "another processor"}${musl ? "-musl" : ""}`;
}

async function head(file: string): Promise<Buffer> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
  return buffer.subarray(0, bytesRead);
}

/** What the headers at the start of an executable say; `undefined` where it is none. */
function machineOf(bytes: Buffer): Machine | undefined {
  try {
    return elf(bytes) ?? machO(bytes) ?? portable(bytes);
  } catch (error) {
    // It ends within its headers.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function elf(bytes: Buffer): Machine | undefined {
  if (bytes.readUInt32LE(0) !== ELF_MAGIC || bytes.readUInt16LE(4) !== ELF_64_LITTLE) {
    return undefined;
  }
  const processor = ELF.get(bytes.readUInt16LE(18));
  return { kernel: "linux", processor, musl: loaderOf(bytes).includes("ld-musl") };
}

/** The path of what loads an executable, from its program headers; empty where it needs none. */
function loaderOf(bytes: Buffer): string {
  const table = Number(bytes.readBigUInt64LE(32));
  const size = bytes.readUInt16LE(54);
  for (let index = 0; index < bytes.readUInt16LE(56); index++) {
    const at = table + index * size;
    if (bytes.readUInt32LE(at) !== ELF_PROGRAM_INTERPRETER) continue;
    const from = Number(bytes.readBigUInt64LE(at + 8));
    return bytes.toString("latin1", from, from + Number(bytes.readBigUInt64LE(at + 32)));
  }
  return "";
}

function machO(bytes: Buffer): Machine | undefined {
  if (bytes.readUInt32LE(0) !== MACH_64_MAGIC) return undefined;
  return { kernel: "darwin", processor: MACH.get(bytes.readUInt32LE(4)), musl: false };
}

function portable(bytes: Buffer): Machine | undefined {
  if (bytes.readUInt16LE(0) !== MZ_MAGIC) return undefined;
  const at = bytes.readUInt32LE(PE_HEADER_AT);
  if (bytes.readUInt32LE(at) !== PE_MAGIC) return undefined;
  return { kernel: "windows", processor: PE.get(bytes.readUInt16LE(at + 4)), musl: false };
}
