import { describe, setDefaultTimeout } from "bun:test";
import { randomBytes } from "node:crypto";
import { findCredentials } from "../../src/storage/s3/credentials.ts";
import { Bucket } from "../../src/storage/s3/bucket.ts";
import { S3Client } from "../../src/storage/s3/client.ts";

/** Only a test that hangs takes this long, in milliseconds: a store may be slow, beside other work. */
setDefaultTimeout(240_000);

/** A gateway that is running, as `scripts/ceph` says in its file `environment`. */
export interface Gateway {
  readonly endpoint: string;
  /** What tells every S3 tool where it is, and who asks. */
  readonly environment: Record<string, string>;
}

/** The one bucket that all tests use, each under a prefix of its own. */
export const BUCKET = "tests";

const {
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_ACCESS_KEY_ID: id,
  AWS_SECRET_ACCESS_KEY: secret,
} = process.env;

const found: Gateway | undefined =
  endpoint === undefined || id === undefined || secret === undefined
    ? undefined
    : {
        endpoint,
        environment: {
          AWS_ENDPOINT_URL_S3: endpoint,
          AWS_ACCESS_KEY_ID: id,
          AWS_SECRET_ACCESS_KEY: secret,
          AWS_REGION: "us-east-1",
        },
      };

/** The gateway, in tests that run only where there is one. */
export function gateway(): Gateway {
  if (found === undefined) throw new Error("no gateway");
  return found;
}

/** Tests that need a real gateway: skipped by name where `scripts/ceph` has not started one. */
export const describeWithGateway = describe.skipIf(found === undefined);

/** A bucket as tests look into it, past what is tested. */
export async function openBucket(): Promise<Bucket> {
  const client = new S3Client({
    url: `${gateway().endpoint}/${BUCKET}`,
    region: "us-east-1",
    credentials: findCredentials(),
    timeout: 30_000,
  });
  await client.send({ method: "PUT" }, () => undefined);
  return new Bucket(client, BUCKET);
}

/** A prefix that nobody else uses. */
export function freshPrefix(): string {
  return `t-${randomBytes(8).toString("hex")}`;
}

/** Removes all that is under a prefix, uploads that were begun as well. */
export async function emptyPrefix(bucket: Bucket, prefix: string): Promise<void> {
  for await (const { objects } of bucket.list(`${prefix}/`)) {
    await Promise.all(objects.map(({ key }) => bucket.delete(key)));
  }
  for await (const { key, id } of bucket.uploads(`${prefix}/`)) await bucket.abort(key, id);
}
