/** A place in an object store: a bucket, and the folder in it that is served. */
export interface S3Location {
  readonly bucket: string;
  /** The folder's parts; none is the whole bucket. */
  readonly prefix: readonly string[];
}

const SCHEME = "s3://";
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, and older ones. */
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;

/** Whether a root is meant to lie in an object store. */
export function isS3(root: string): boolean {
  return root.startsWith(SCHEME);
}

/** Reads `s3://bucket/prefix`; `undefined` where it names no bucket, or a folder that none can be. */
export function parseS3(root: string): S3Location | undefined {
  const [bucket = "", ...parts] = root.slice(SCHEME.length).split("/");
  if (!isS3(root) || !BUCKET.test(bucket)) return undefined;
  if (parts.at(-1) === "") parts.pop();
  if (parts.some((part) => part === "" || part === "." || part === "..")) return undefined;
  return { bucket, prefix: parts };
}

/** The opposite of `parseS3`. */
export function formatS3({ bucket, prefix }: S3Location): string {
  return SCHEME + [bucket, ...prefix].join("/");
}
