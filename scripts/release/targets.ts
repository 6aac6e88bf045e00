import { existsSync } from "node:fs";

/** A system that is built for. */
export interface Target {
  /** As it stands in the names of archives and executables: `linux-x64-musl`. */
  readonly name: string;
  readonly kernel: Kernel;
  readonly processor: Processor;
  /** Whether its C library is musl; Linux has glibc otherwise. */
  readonly musl: boolean;
  /** As Bun names it where it builds. */
  readonly bun: string;
  /** The package of npm that holds its Bun. */
  readonly package: string;
  /** What dpkg calls it, where there is a Debian package. */
  readonly debian?: string;
}

/** Systems by their names here: what `uname -s` says, and how a page names them. */
export const KERNELS = {
  linux: { uname: "Linux", title: "Linux" },
  darwin: { uname: "Darwin", title: "macOS" },
  windows: { uname: "Windows_NT", title: "Windows" },
} as const;

/** Processors by their names here: what `uname -m` says, and where Linux has its loaders. */
export const PROCESSORS = {
  x64: {
    uname: ["x86_64", "amd64"],
    glibc: "/lib64/ld-linux-x86-64.so.2",
    musl: "/lib/ld-musl-x86_64.so.1",
  },
  arm64: {
    uname: ["aarch64", "arm64"],
    glibc: "/lib/ld-linux-aarch64.so.1",
    musl: "/lib/ld-musl-aarch64.so.1",
  },
} as const;

export type Kernel = keyof typeof KERNELS;
export type Processor = keyof typeof PROCESSORS;

interface Special {
  readonly musl?: boolean;
  readonly debian?: string;
}

function target(kernel: Kernel, processor: Processor, special: Special = {}): Target {
  const { musl = false, debian } = special;
  const name = nameOf(kernel, processor, musl);
  const package_ = `@oven/bun-${name.replace("arm64", "aarch64")}`;
  const base = { name, kernel, processor, musl, bun: `bun-${name}`, package: package_ };
  return debian === undefined ? base : { ...base, debian };
}

export const TARGETS: readonly Target[] = [
  target("linux", "x64", { debian: "amd64" }),
  target("linux", "x64", { musl: true }),
  target("linux", "arm64", { debian: "arm64" }),
  target("linux", "arm64", { musl: true }),
  target("darwin", "x64"),
  target("darwin", "arm64"),
  target("windows", "x64"),
];

/** @throws where there is none of that name */
export function findTarget(name: string): Target {
  const found = TARGETS.find((known) => known.name === name);
  if (found !== undefined) return found;
  const names = TARGETS.map((known) => known.name).join(", ");
  throw new Error(`There is no target ${name}: there are ${names}`);
}

/** The executable's name on a system. */
export function executableOf(kernel: Kernel): string {
  return kernel === "windows" ? "sftp.exe" : "sftp";
}

/** A system as it stands in the names of archives. */
function nameOf(kernel: string, processor: string, musl: boolean): string {
  return `${kernel}-${processor}${musl ? "-musl" : ""}`;
}

/**
 * The name of a system, this one if left out, whether or not it is built for.
 * @param has whether there is a file: Linux has musl where its loader is, and glibc's is not
 */
export function systemName(
  platform: string = process.platform,
  architecture: string = process.arch,
  has: (path: string) => boolean = existsSync,
): string {
  const kernel = platform === "win32" ? "windows" : platform;
  const known = architecture === "x64" || architecture === "arm64";
  const loaders = known ? PROCESSORS[architecture] : undefined;
  const musl =
    kernel === "linux" && loaders !== undefined && has(loaders.musl) && !has(loaders.glibc);
  return nameOf(kernel, architecture, musl);
}

/** Lines for sh that set `system` to what `systemName()` is there. */
export function systemNameInSh(): string {
  const kernels = Object.entries(KERNELS).filter(([name]) => name !== "windows");
  const musls = Object.values(PROCESSORS).map(
    ({ musl, glibc }) => `if [ -e ${musl} ] && [ ! -e ${glibc} ]; then system=$system-musl; fi`,
  );
  const processors = Object.entries(PROCESSORS);
  return [
    `case "$(uname -s)" in`,
    ...kernels.map(([name, { uname }]) => `  ${uname}) system=${name} ;;`),
    `  *) system=$(uname -s) ;;`,
    `esac`,
    `case "$(uname -m)" in`,
    ...processors.map(([name, { uname }]) => `  ${uname.join(" | ")}) system=$system-${name} ;;`),
    `  *) system=$system-$(uname -m) ;;`,
    `esac`,
    `case "$system" in`,
    ...processors.map(([name], index) => `  linux-${name}) ${musls[index]} ;;`),
    `esac`,
  ].join("\n");
}
