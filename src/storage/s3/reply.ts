import type { S3Reply } from "./client.ts";
import { S3Error } from "./s3-error.ts";

/** What a store tells of an object. */
export interface ObjectInfo {
  /** Bytes. */
  readonly size: number;
  readonly etag: string;
  /** Milliseconds since 1970, by the store's clock. */
  readonly modified: number;
  /** Its metadata and other headers that go with it, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers that belong to an object, and have to be said again where it is copied with others. */
const KEPT =
  /^(?:x-amz-meta-.*|content-(?:type|encoding|disposition|language)|cache-control|expires)$/;

/** Without a tag nobody knows what was stored. */
export function etagOf({ headers }: S3Reply): string {
  const etag = headers.get("etag") ?? "";
  if (etag === "") throw new S3Error(0, "NoETag");
  return etag;
}

/** What the headers of an answer tell of an object. */
export function infoOf(reply: S3Reply): ObjectInfo {
  const { headers } = reply;
  const size = Number(headers.get("content-length") ?? "NaN");
  // Whatever has none is no answer of a store.
  const etag = etagOf(reply);
  const modified = Date.parse(headers.get("last-modified") ?? "");
  const kept = [...headers].filter(([name]) => KEPT.test(name));
  return {
    size: Number.isSafeInteger(size) ? size : 0,
    etag,
    modified: Number.isNaN(modified) ? 0 : modified,
    headers: Object.fromEntries(kept),
  };
}

/** The size of the object that a range is of. All of it in place of a range is not taken. */
export function totalOf({ status, headers }: S3Reply, from: number): number {
  const [, start, total] =
    /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
  if (status !== 206 || Number(start) !== from) throw new S3Error(0, "WrongRange");
  return Number(total);
}

/** The store's time, in milliseconds since 1970. */
export function nowOf({ headers }: S3Reply): number {
  const date = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(date) ? Date.now() : date;
}
