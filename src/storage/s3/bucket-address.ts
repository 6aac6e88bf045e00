/** Where addresses name a bucket: `https://host/bucket` or `https://bucket.host`. */
export type Style = "path" | "host";

/** A bucket that the name of a host can begin with, and that a certificate for `*.host` is good for. */
const HOST_NAME = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/**
 * The address of a bucket: what stands in front of `/key`.
 * @param endpoint of the store; that of Amazon in the region where it is left out
 * @param style as far as it is demanded. Else Amazon is asked by host, where the bucket's name can be
 *   in one, and any other store by path
 * @returns `undefined` where the bucket cannot stand in front of the host
 */
export function bucketAddress(
  bucket: string,
  endpoint: string | undefined,
  region: string,
  style: Style = endpoint === undefined && HOST_NAME.test(bucket) ? "host" : "path",
): string | undefined {
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  const path = url.pathname.replace(/\/+$/, "");
  if (style === "path") return `${url.origin}${path}/${bucket}`;
  const host = `${bucket}.${url.hostname}`;
  // An address by number has no names below it.
  if (URL.parse(`${url.protocol}//${host}`)?.hostname !== host || /^[[\d.]+\]?$/.test(url.hostname))
    return undefined;
  return `${url.protocol}//${host}${url.port === "" ? "" : `:${url.port}`}${path}`;
}
