import type { Attributes, Item } from "../storage.ts";
import type { ObjectInfo } from "./reply.ts";

/** Seconds since 1970 as a decimal, as rclone and others write and read it. */
const MTIME = "x-amz-meta-mtime";
const EXEC = "x-amz-meta-sftp-exec";
/** The digest of what was stored. */
const DIGEST = "x-amz-meta-sftp-digest";
/** The side object that has the digest, where it was not known when the object was begun. */
const SIDE = "x-amz-meta-sftp-id";
/** What tells this attempt at storing from any other. */
const ATTEMPT = "x-amz-meta-sftp-attempt";

/** ECMAScript's latest time, in milliseconds. */
const LATEST_TIME = 8.64e15;

/** What is kept of a file in its object's metadata. */
export interface Kept extends Attributes {
  readonly digest?: bigint | undefined;
  readonly side?: string | undefined;
  readonly attempt?: string | undefined;
}

/** Headers that keep it. */
export function metadataOf({ mtime, exec, digest, side, attempt }: Kept): Record<string, string> {
  return {
    ...(mtime === undefined ? {} : { [MTIME]: formatSeconds(mtime) }),
    ...(exec === true ? { [EXEC]: "1" } : {}),
    ...(digest === undefined ? {} : { [DIGEST]: digest.toString(16).padStart(16, "0") }),
    ...(side === undefined ? {} : { [SIDE]: side }),
    ...(attempt === undefined ? {} : { [ATTEMPT]: attempt }),
  };
}

/** What an object's metadata keeps. */
export function keptOf({ headers }: ObjectInfo): Kept {
  const digest = headers[DIGEST];
  return {
    mtime: readSeconds(headers[MTIME]),
    exec: headers[EXEC] === "1",
    digest:
      digest !== undefined && /^[0-9a-f]{16}$/.test(digest) ? BigInt(`0x${digest}`) : undefined,
    side: headers[SIDE],
    attempt: headers[ATTEMPT],
  };
}

/** The headers of an object with other metadata of ours. */
export function withKept({ headers }: ObjectInfo, kept: Kept): Record<string, string> {
  const ours = new Set([MTIME, EXEC, DIGEST, SIDE, ATTEMPT]);
  const others = Object.entries(headers).filter(([name]) => !ours.has(name));
  return { ...Object.fromEntries(others), ...metadataOf(kept) };
}

/** What is told of an object as a file. Without a time of its own it has that of storing. */
export function itemOf(info: ObjectInfo): Item {
  const { mtime, exec } = keptOf(info);
  return {
    type: "file",
    size: info.size,
    mtime: mtime ?? Math.max(0, info.modified - (info.modified % 1000)),
    exec: exec === true,
  };
}

/** A folder: stores keep no time for most of them, so none has one. */
export const FOLDER: Item = { type: "folder", size: 0, mtime: 0, exec: false };

function formatSeconds(ms: number): string {
  const time = Math.min(ms, LATEST_TIME);
  return `${Math.floor(time / 1000)}.${String(time % 1000).padStart(3, "0")}`;
}

/** Milliseconds; `undefined` for anything that is no such time. Before 1970 is 0. */
function readSeconds(text: string | undefined): number | undefined {
  const [, minus, whole = "", fraction = ""] =
    /^(-?)(\d{1,13})(?:\.(\d+))?$/.exec(text ?? "") ?? [];
  if (whole === "") return undefined;
  if (minus === "-") return 0;
  return Math.min(Number(whole) * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3)), LATEST_TIME);
}
