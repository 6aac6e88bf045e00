import { StorageError, type Path } from "../errors.ts";
import { notFound } from "../refusals.ts";

/** What a store answered instead of what it was asked for, or why it did not answer. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The store's word for it, such as `NoSuchKey`. */
  readonly code: string;
  /** What it says of it for people, which may be nothing. */
  readonly detail: string;

  constructor(status: number, code: string, detail = "") {
    super(detail === "" ? `${code} (${status})` : `${code} (${status}): ${detail}`);
    this.detail = detail;
    this.status = status;
    this.code = code;
  }

  /** Whether a condition of the request did not hold. */
  get isCondition(): boolean {
    return this.status === 412 || this.code === "ConditionalRequestConflict";
  }

  /** Whether it is of no use to go on with a multipart upload. */
  get isNoUpload(): boolean {
    return this.code === "NoSuchUpload";
  }

  /** Whether the same request may succeed later: the store's own word says so, or it did not answer. */
  get isTransient(): boolean {
    if (this.code === "NoCredentials") return false;
    if (this.status === 0 || this.status === 429) return true;
    if (this.status >= 500) return this.status !== 501 && this.status !== 507;
    return TRANSIENT.has(this.code);
  }
}

const TRANSIENT = new Set([
  "RequestTimeout",
  "SlowDown",
  "InternalError",
  "ServiceUnavailable",
  "OperationAborted",
  // The bytes were damaged on their way to the store.
  "BadDigest",
  "IncompleteBody",
]);

const NO_ROOM = new Set([
  "QuotaExceeded",
  "InsufficientCapacity",
  "EntityTooLarge",
  "InsufficientStorage",
  "XMinioStorageFull",
]);

/** What is wrong with how the server itself comes to the store: nothing that a client could mend. */
const OPERATOR = new Set([
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "ExpiredToken",
  "InvalidToken",
  "TokenRefreshRequired",
  "RequestTimeTooSkewed",
  "AuthorizationHeaderMalformed",
  "PermanentRedirect",
  "TemporaryRedirect",
  "NoSuchBucket",
  "AllAccessDisabled",
  "AccountProblem",
]);

/** What an error of the store means for a path; anything else stays what it is. */
export function fromS3(error: unknown, path: Path): unknown {
  if (!(error instanceof S3Error)) return error;
  const { code, status } = error;
  if (NO_ROOM.has(code) || status === 507) {
    return new StorageError("space", path, (name) => `There is no room for ${name} in the store`);
  }
  if (OPERATOR.has(code)) {
    return new StorageError(
      "failed",
      path,
      (name) => `The store does not take the server's request for ${name} (${code})`,
    );
  }
  if (code === "NoCredentials") {
    return new StorageError("failed", path, () => `The server has no credentials for the store`);
  }
  if (error.isCondition) {
    return new StorageError("changed", path, (name) => `${name} was changed meanwhile`);
  }
  if (status === 404) {
    return notFound(path);
  }
  if (status === 403) {
    return new StorageError("denied", path, (name) => `The store does not allow it for ${name}`);
  }
  const why = status === 0 ? "did not answer as it should" : "has trouble of its own";
  return new StorageError(
    "failed",
    path,
    (name) => `The store ${why} (${code}): ${name} can be tried again later`,
  );
}

/** Runs something that asks the store for the sake of a path. */
export async function forPath<T>(path: Path, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromS3(error, path);
  }
}
