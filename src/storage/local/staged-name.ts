import { formatOwner, livenessOf, parseOwner, SELF, type Liveness, type Owner } from "./owner.ts";

/**
 * What a file in the staging folder is:
 * - `tmp`: of use only to the one that writes it
 * - `part`: being written, or left by one that was killed; its last blocks may have holes
 * - `kept`: left in order, whole up to its end
 */
export type Kind = "tmp" | "part" | "kept";

/** The name of a file in the staging folder: what it is, and who writes it or wrote it last. */
export interface StagedName {
  readonly id: string;
  readonly kind: Kind;
  readonly owner: Owner;
}

const PATTERN = /^([0-9a-f]{32})\.(tmp|part|kept)\.([0-9a-f-]+)$/;

/** Another machine's file that was not written to for this long counts as left, in milliseconds. */
const LEFT_AFTER_MS = 120_000;

/** Writes the name of a file of this process. */
export function ownName(id: string, kind: Kind): string {
  return `${id}.${kind}.${formatOwner(SELF)}`;
}

/** Reads a name; `undefined` for anything that this program did not make. */
export function parseStagedName(name: string): StagedName | undefined {
  const [, id, kind, ownerText] = PATTERN.exec(name) ?? [];
  const owner = parseOwner(ownerText ?? "");
  if (id === undefined || owner === undefined) return undefined;
  if (kind !== "tmp" && kind !== "part" && kind !== "kept") return undefined;
  return { id, kind, owner };
}

/**
 * Whether nobody is writing to a file any more.
 * @param age since it was last written to, in milliseconds
 */
export function isLeft({ kind, owner }: StagedName, age: number): boolean {
  if (kind === "kept") return true;
  const liveness: Liveness = livenessOf(owner);
  return liveness === "gone" || (liveness === "unknown" && age > LEFT_AFTER_MS);
}
