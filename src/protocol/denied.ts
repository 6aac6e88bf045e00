/** What a server may not let a client do: make what is not there, replace files, take names away. */
export const DENIABLE = ["add", "replace", "remove"] as const;

export type Deniable = (typeof DENIABLE)[number];

/** Writes what is denied as the field `denied` has it; `undefined` where nothing is. */
export function formatDenied(isDenied: (what: Deniable) => boolean): string | undefined {
  const denied = DENIABLE.filter(isDenied);
  return denied.length === 0 ? undefined : denied.join(",");
}

/** Reads the field `denied`. What this version does not know is passed over. */
export function parseDenied(value: string | undefined): ReadonlySet<Deniable> {
  const words = new Set(value?.split(","));
  return new Set(DENIABLE.filter((what) => words.has(what)));
}
