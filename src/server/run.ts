import { SMALL } from "../storage/read-blocks.ts";
import type { Request } from "../protocol/request.ts";
import type { Job } from "./job.ts";

/** Uploads that are stored together at the most. */
const MOST = 64;

/**
 * How many of the requests behind one may be carried out at the same time, so that nobody can tell
 * the difference: small uploads that have wholly come, to different names in the same folder.
 */
export function restOfRun(first: Job, upcoming: Iterable<Job>): number {
  const begun = smallUpload(first);
  if (begun === undefined) return 0;
  const folder = begun.path.slice(0, -1).join("/");
  // One folder may take two spellings for one name: the order of those tells.
  const names = new Set([keyOf(begun)]);
  let count = 0;
  for (const job of upcoming) {
    const next = smallUpload(job);
    if (next === undefined || next.path.slice(0, -1).join("/") !== folder) break;
    const key = keyOf(next);
    if (names.has(key) || names.size === MOST) break;
    names.add(key);
    count++;
  }
  return count;
}

function smallUpload({ asked, body }: Job): Request<"PUT"> | undefined {
  if (asked.type !== "request" || asked.request.verb !== "PUT") return undefined;
  const { keys } = asked.request;
  const isSmall = keys.size !== undefined && keys.size <= SMALL;
  const isWhole = keys.part === undefined && keys.offset === undefined;
  return isSmall && isWhole && body?.ended === true ? asked.request : undefined;
}

function keyOf({ path }: Request<"PUT">): string {
  return (path.at(-1) ?? "").toUpperCase().normalize("NFKC");
}
