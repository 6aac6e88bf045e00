import { StorageError, type Path } from "../errors.ts";
import { Holders } from "../holders.ts";
import { randomId } from "../ids.ts";
import { checkChangeable, checkCreatable, checkReadable } from "../names.ts";
import { BLOCK_SIZE } from "../read-blocks.ts";
import { alreadyThere, notEmpty, notFound } from "../refusals.ts";
import type { Ahead, CreateOptions, Entry, Item, Part, Sink, Source, Storage } from "../storage.ts";
import { Turns } from "../turns.ts";
import { createSink, resumeSink, type BeginContext } from "./begin.ts";
import { bucketAddress, type Style } from "./bucket-address.ts";
import { Bucket } from "./bucket.ts";
import type { Conditions } from "./conditions.ts";
import { S3Client } from "./client.ts";
import type { CopySizes } from "./copy.ts";
import { findCredentials, findEndpoint, findRegion } from "./credentials.ts";
import { Keys } from "./keys.ts";
import { listFolder } from "./listing.ts";
import { formatS3, type S3Location } from "./location.ts";
import { Locks } from "./locks.ts";
import { FOLDER, itemOf, keptOf } from "./metadata.ts";
import { moveFile } from "./move.ts";
import { tryConditions } from "./probe.ts";
import { removeSide } from "./publish.ts";
import { Remembered } from "./remembered.ts";
import { forPath, S3Error } from "./s3-error.ts";
import { openSmall, openSource } from "./source.ts";
import { bytesStored, sweepStaging } from "./sweep.ts";
import { Tree } from "./tree.ts";

/** Each request waits for the store; larger uploads come one by one, so that memory is bounded. */
const AHEAD: Ahead = { requests: 32, uploadSize: 4 * BLOCK_SIZE, names: true };
/** The region that stores without any take requests for. */
const USUAL_REGION = "us-east-1";
/** What stores were found to know, by the addresses of their buckets. */
const knownConditions = new Map<string, Conditions>();

export interface S3Options extends S3Location {
  /** The store; that of Amazon in the region where neither this nor the environment names one. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Whether the bucket stands in the path of addresses, or in front of the host. */
  readonly style?: Style | undefined;
  /** How long one request may take beside its bytes, in milliseconds. */
  readonly timeout: number;
  /** Write nothing, not even to try what the store can do. */
  readonly readOnly?: boolean;
  /** How large objects are copied, for tests. */
  readonly copySizes?: CopySizes;
}

/** What all have in common that were opened inside one another: their names are the same keys. */
interface Shared {
  readonly turns: Turns;
  readonly remembered: Remembered;
}

/** A folder in a bucket of an object store. Any number of servers may serve it together. */
export class S3Storage implements Storage {
  readonly location: string;
  readonly ahead = AHEAD;
  readonly #options: S3Options;
  readonly #context: BeginContext;
  readonly #shared: Shared;

  private constructor(options: S3Options, bucket: Bucket, shared: Shared) {
    const keys = new Keys(options.prefix);
    this.location = formatS3(options);
    this.#options = options;
    this.#shared = shared;
    this.#context = {
      bucket,
      keys,
      tree: new Tree(bucket, keys, shared.remembered),
      locks: new Locks(bucket, keys),
      holders: new Holders(),
    };
  }

  /**
   * Opens a folder in a bucket as a storage. The bucket has to be there.
   * @throws {StorageError} with its address as the path
   */
  static async open(options: S3Options): Promise<S3Storage> {
    const region = options.region ?? (await findRegion()) ?? USUAL_REGION;
    const given = options.endpoint ?? (await findEndpoint());
    const url = bucketAddress(options.bucket, given, region, options.style);
    if (url === undefined) throw noHostStyle(options, given);
    const endpoint = {
      url,
      region,
      credentials: findCredentials(),
      timeout: options.timeout,
    };
    const bucket = new Bucket(new S3Client(endpoint), options.bucket);
    const storage = new S3Storage(options, bucket, {
      turns: new Turns(),
      remembered: new Remembered(),
    });
    try {
      await bucket.holdsAny(storage.#context.keys.prefix);
      if (options.readOnly !== true) await storage.#tryConditions(endpoint.url);
    } catch (error) {
      throw whyNotOpen(error, options, endpoint.url);
    }
    return storage;
  }

  /** Opens a folder inside, which is somebody's root; made where it is missing, unless read-only. */
  async inside(path: Path): Promise<S3Storage> {
    checkReadable(path);
    const { bucket, tree } = this.#context;
    await forPath(path, async () => {
      const found = await tree.find(path);
      if (found?.type === "file") await tree.checkParents([...path, ""]);
      if (found === undefined && this.#options.readOnly === true) throw notFound(path);
      if (found === undefined) await this.makeFolder(path);
    });
    const prefix = [...this.#options.prefix, ...path];
    return new S3Storage({ ...this.#options, prefix }, bucket, this.#shared);
  }

  /** What the operator should know of the store. */
  get notes(): readonly string[] {
    const { absent, tags } = this.#context.bucket.conditions;
    if ((absent && tags !== "unknown") || this.#options.readOnly === true) return [];
    return [
      "This store does not know conditional requests: that nobody replaces what another has just " +
        "stored is checked, and not guaranteed.",
    ];
  }

  async stat(path: Path): Promise<Item> {
    checkReadable(path);
    const found = await forPath(path, () => this.#context.tree.find(path));
    if (found === undefined) throw notFound(path);
    return found.type === "file" ? itemOf(found.info) : FOLDER;
  }

  async *list(
    path: Path,
    options: { readonly recursive: boolean },
  ): AsyncGenerator<readonly Entry[]> {
    const item = await this.stat(path);
    if (item.type === "file") {
      yield [{ path, ...item }];
      return;
    }
    const entries = listFolder(this.#context, path, options.recursive);
    for (;;) {
      const next = await forPath(path, () => entries.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  async open(path: Path): Promise<Source> {
    checkReadable(path);
    return forPath(path, () => openSource(this.#context, path));
  }

  async openAhead(path: Path): Promise<Source | undefined> {
    checkReadable(path);
    return openSmall(this.#context, path);
  }

  usage(): Promise<number> {
    return forPath([], () => bytesStored(this.#context));
  }

  async create(path: Path, options: CreateOptions): Promise<Sink> {
    return createSink(this.#context, path, options);
  }

  async resume(
    path: Path,
    part: Part,
    options: Omit<CreateOptions, "part">,
  ): Promise<Sink | undefined> {
    return resumeSink(this.#context, path, part, options);
  }

  async makeFolder(path: Path): Promise<void> {
    checkCreatable(path);
    await this.#alone([path], path, async () => {
      const { bucket, keys, tree } = this.#context;
      if ((await tree.find(path)) !== undefined) throw alreadyThere(path);
      try {
        await bucket.put(keys.folder(path), Buffer.alloc(0), {}, { absent: true });
      } catch (error) {
        if (error instanceof S3Error && error.isCondition) throw alreadyThere(path);
        throw error;
      }
      tree.madeFolder(path);
    });
  }

  async delete(path: Path): Promise<void> {
    checkChangeable(path);
    await this.#alone([path], path, () => this.#delete(path));
  }

  async rename(from: Path, to: Path): Promise<void> {
    checkChangeable(from);
    checkCreatable(to);
    await this.#alone([from, to], from, () =>
      moveFile(this.#context, from, to, this.#options.copySizes),
    );
  }

  sweep(age: number): Promise<void> {
    return forPath([], () => sweepStaging(this.#context, age));
  }

  async close(): Promise<void> {
    // Nothing is kept open between requests.
  }

  async #delete(path: Path): Promise<void> {
    const { bucket, keys, tree } = this.#context;
    const found = await tree.find(path);
    if (found === undefined) throw notFound(path);
    if (found.type === "file") {
      await tree.keepParent(path);
      await bucket.delete(keys.file(path));
      const { side } = keptOf(found.info);
      if (side !== undefined) await removeSide(this.#context, side);
      return;
    }
    const marker = keys.folder(path);
    for await (const { objects } of bucket.list(marker, { most: 2 })) {
      if (objects.every(({ key }) => key === marker)) continue;
      throw notEmpty(path);
    }
    await tree.keepParent(path);
    tree.deletedFolder(path);
    await bucket.delete(marker);
  }

  /** Finds out once what the store knows of conditions. */
  async #tryConditions(url: string): Promise<void> {
    const { bucket, keys } = this.#context;
    const known = knownConditions.get(url);
    if (known === undefined) await tryConditions(bucket, keys.staged(`probe-${randomId()}`));
    else bucket.conditions = known;
    knownConditions.set(url, bucket.conditions);
  }

  /** Within this process, changes of one name are made one after the other. */
  #alone(names: readonly Path[], path: Path, work: () => Promise<void>): Promise<void> {
    const whole = names.map((name) => [...this.#options.prefix, ...name]);
    return this.#shared.turns.run(whole, () => forPath(path, work));
  }
}

function noHostStyle({ bucket }: S3Location, endpoint = ""): StorageError {
  const store = URL.parse(endpoint)?.host ?? "";
  return new StorageError(
    "failed",
    [bucket],
    () => `The bucket ${bucket} cannot stand in front of ${store}: ask for it with --s3-style path`,
  );
}

function whyNotOpen(error: unknown, { bucket }: S3Location, url: string): unknown {
  if (!(error instanceof S3Error)) return error;
  const at = `${bucket} at ${new URL(url).origin}`;
  const why = (problem: "not-found" | "denied" | "failed", text: string): StorageError =>
    new StorageError(problem, [bucket], () => text);
  switch (error.code) {
    case "NoSuchBucket":
    case "NoSuchKey":
      return why("not-found", `There is no bucket ${at}: make it first, or name another`);
    case "NoCredentials":
      return why("failed", error.detail);
    case "InvalidAccessKeyId":
    case "SignatureDoesNotMatch":
    case "AccessDenied":
      return why("denied", `The credentials are not taken for the bucket ${at} (${error.code})`);
    case "PermanentRedirect":
    case "AuthorizationHeaderMalformed":
      return why("failed", `The bucket ${at} lies in another region: name it with --s3-region`);
    case "ECONNREFUSED":
      return why("failed", `Nobody listens at ${new URL(url).origin}: check --s3-endpoint`);
    case "Malformed_HTTP_Response":
      return why("failed", `What answers at ${new URL(url).origin} is no S3: check --s3-endpoint`);
    default:
      return why("failed", `The bucket ${at} cannot be reached: ${error.message}`);
  }
}
