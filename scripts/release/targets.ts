/** A system that is built for. */
export interface Target {
  /** As it stands in the names of archives. */
  readonly name: string;
  /** As Bun names it where it builds. */
  readonly bun: string;
  /** The package of npm that holds its Bun. */
  readonly package: string;
  readonly windows: boolean;
  /** What dpkg calls it, where there is a Debian package. */
  readonly debian?: string;
}

function target(name: string, debian?: string): Target {
  const named = name.replace("arm64", "aarch64");
  const windows = name.startsWith("windows");
  const base = { name, bun: `bun-${name}`, package: `@oven/bun-${named}`, windows };
  return debian === undefined ? base : { ...base, debian };
}

export const TARGETS: readonly Target[] = [
  target("linux-x64", "amd64"),
  target("linux-x64-musl"),
  target("linux-arm64", "arm64"),
  target("linux-arm64-musl"),
  target("darwin-x64"),
  target("darwin-arm64"),
  target("windows-x64"),
];

/** @throws where there is none of that name */
export function findTarget(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found !== undefined) return found;
  const names = TARGETS.map((target) => target.name).join(", ");
  throw new Error(`There is no target ${name}: there are ${names}`);
}
