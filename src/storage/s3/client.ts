import { AwsV4Signer } from "aws4fetch";
import type { Credentials } from "./credentials.ts";
import { S3Error } from "./s3-error.ts";
import { errorIn } from "./xml.ts";

/** Where a bucket is, and how requests get there. */
export interface Endpoint {
  /** Of the bucket: what stands in front of `/key`. */
  readonly url: string;
  readonly region: string;
  /** Those to sign with; others than those that were refused, where there are any. */
  readonly credentials: (refused?: Credentials) => Promise<Credentials>;
  /** How long one request may take beside its bytes, in milliseconds. */
  readonly timeout: number;
}

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** The object; the bucket itself where left out. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: Uint8Array | undefined;
  /** The most that the answer's body may have, in bytes. */
  readonly most?: number;
  /** What the store moves by itself for it, in bytes: it may take longer. */
  readonly moves?: number;
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
}

export interface S3Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** How often it was asked for. */
  readonly attempts: number;
}

/** How often a request is sent at most. */
const ATTEMPTS = 8;
/** The pauses between attempts grow from the first to the last, in milliseconds. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** No further attempt is begun after so many times the timeout. */
const PATIENCE = 2;
/** Slower than this a store may not be, in bytes a millisecond. */
const SLOWEST_RATE = 128;
/** The same for what it copies by itself. */
const SLOWEST_COPY = 16 * 1024;
/** The most that an answer without content of a file has, in bytes: a thousand entries of a list. */
const MOST_XML = 16 * 1024 * 1024;

/** Sends signed requests to a bucket, again where the store has trouble. */
export class S3Client {
  readonly #endpoint: Endpoint;
  /** What signing keys are derived once a day for. */
  readonly #keys = new Map<string, ArrayBuffer>();

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /**
   * Asks for something until there is an answer that is no passing trouble.
   * @param read takes what is wanted from the answer; where it throws a transient error, it is asked
   *   for again
   * @throws {S3Error}
   */
  async send<T>(request: S3Request, read: (reply: S3Reply) => T): Promise<T> {
    const began = performance.now();
    const { credentials } = this.#endpoint;
    let keys = await credentials();
    let isRenewed = false;
    for (let attempt = 1; ; attempt++) {
      try {
        return read(await this.#once(request, keys, attempt));
      } catch (error) {
        if (!(error instanceof S3Error) || request.signal?.aborted === true) throw error;
        if (!isRenewed && areOver(error, request, keys)) {
          isRenewed = true;
          // Where there are no others, what the store says is the reason.
          const others = await credentials(keys).catch(() => keys);
          if (others === keys) throw error;
          keys = others;
          continue;
        }
        const impatient = performance.now() - began > PATIENCE * this.#timeoutOf(request);
        if (!error.isTransient || attempt === ATTEMPTS || impatient) throw error;
        await pause(attempt, request.signal);
        keys = await credentials();
      }
    }
  }

  async #once(request: S3Request, keys: Credentials, attempts: number): Promise<S3Reply> {
    const { method, key, query = {}, headers = {}, body, most = MOST_XML } = request;
    const { url, region } = this.#endpoint;
    // Addresses cannot name such keys: they would lead to others.
    if (key !== undefined && /(?:^|\/)\.{1,2}(?:\/|$)/.test(key))
      throw new S3Error(404, "NoSuchKey");
    const address = new URL(`${url}/${key === undefined ? "" : encodeKey(key)}`);
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    const given = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as [string, string]],
    );
    const signer = new AwsV4Signer({
      method,
      url: address.href,
      headers: given,
      service: "s3",
      region,
      cache: this.#keys,
      ...withoutUndefined(keys),
    });
    const signed = await signer.sign();
    const deadline = AbortSignal.timeout(this.#timeoutOf(request));
    const { signal } = request;
    let reply: S3Reply;
    try {
      const response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
        redirect: "manual",
        // What was stored compressed is wanted as it was stored.
        decompress: false,
        ...(body === undefined ? {} : { body }),
      });
      const isError = response.status >= 300;
      const read =
        method === "HEAD" ? Buffer.alloc(0) : await readAtMost(response, isError ? MOST_XML : most);
      reply = { status: response.status, headers: response.headers, body: read, attempts };
    } catch (error) {
      if (error instanceof S3Error) throw error;
      throw new S3Error(0, deadline.aborted ? "Timeout" : wordOf(error));
    }
    if (reply.status >= 200 && reply.status < 300) return reply;
    const { code, message } = errorIn(reply.body) ?? {
      code: codeOfStatus(reply.status),
      message: "",
    };
    throw new S3Error(reply.status, code, message);
  }

  #timeoutOf({ body, most = 0, moves = 0 }: S3Request): number {
    const bytes = (body?.length ?? 0) + most;
    return this.#endpoint.timeout + bytes / SLOWEST_RATE + moves / SLOWEST_COPY;
  }
}

/** Whether an answer says that what a request was signed with for a time is not good any more. */
function areOver({ status, code }: S3Error, { method }: S3Request, keys: Credentials): boolean {
  if (keys.sessionToken === undefined) return false;
  // Answers to HEAD have no body that would tell, and nothing else is wrong with ours.
  return OVER.has(code) || (method === "HEAD" && status === 400);
}

const OVER = new Set(["ExpiredToken", "InvalidToken", "InvalidAccessKeyId"]);

/** A key as it stands in an address: only what RFC 3986 reserves nothing for is left as it is. */
export function encodeKey(key: string): string {
  return key
    .split("/")
    .map((part) =>
      encodeURIComponent(part).replace(
        /[!'()*]/g,
        (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join("/");
}

/** Reads a body whole, and no more than was asked for, whatever the store sends. */
async function readAtMost(response: Response, most: number): Promise<Buffer> {
  const announced = response.headers.get("content-length");
  if (announced !== null && Number(announced) > most) {
    await response.body?.cancel();
    throw new S3Error(0, "TooMuch");
  }
  const length = announced === null ? undefined : Number(announced);
  const body =
    length === undefined ? await readUnannounced(response, most) : await response.arrayBuffer();
  if (length !== undefined && body.byteLength !== length) throw new S3Error(0, "WrongLength");
  return Buffer.from(body instanceof ArrayBuffer ? body : body.buffer);
}

async function readUnannounced(response: Response, most: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  if (response.body === null) return Buffer.alloc(0);
  for await (const piece of response.body) {
    bytes += piece.length;
    if (bytes > most) throw new S3Error(0, "TooMuch");
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  const ms = longest * (0.5 + Math.random() / 2);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Answers to HEAD have no body that would tell. */
function codeOfStatus(status: number): string {
  switch (status) {
    case 301:
      return "PermanentRedirect";
    case 307:
      return "TemporaryRedirect";
    case 403:
      return "AccessDenied";
    case 404:
      return "NoSuchKey";
    case 412:
      return "PreconditionFailed";
    case 416:
      return "InvalidRange";
    default:
      return `Http${status}`;
  }
}

function wordOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string")
    return error.code;
  return error instanceof Error ? error.name : "NoAnswer";
}

function withoutUndefined({ sessionToken, ...keys }: Credentials): {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
} {
  const { accessKeyId, secretAccessKey } = keys;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
