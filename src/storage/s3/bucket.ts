import { createHash } from "node:crypto";
import { encodeKey, type S3Client, type S3Request } from "./client.ts";
import { headersOf, type Condition, type Conditions } from "./conditions.ts";
import { etagOf, infoOf, nowOf, totalOf, type ObjectInfo } from "./reply.ts";
import { S3Error } from "./s3-error.ts";
import { escapeXml, readXml } from "./xml.ts";

/** An entry of a list. */
export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modified: number;
}

/** A page of a list. */
export interface ListPage {
  readonly objects: readonly ListedObject[];
  /** Ends of keys that were put together, with the delimiter. */
  readonly folders: readonly string[];
  /** The store's time, in milliseconds since 1970. */
  readonly now: number;
}

/** A part of a multipart upload that the store has. */
export interface StoredPart {
  readonly number: number;
  readonly etag: string;
  readonly size: number;
}

/** An upload that was begun and not ended. */
export interface OpenUpload {
  readonly key: string;
  readonly id: string;
  readonly begun: number;
}

/** One bucket: each operation of S3 that is needed, as a function. */
export class Bucket {
  readonly #client: S3Client;
  readonly #name: string;
  /** What the store was found to know of conditions on what it stores. */
  conditions: Conditions = { absent: false, tags: "quoted" };

  constructor(client: S3Client, name: string) {
    this.#client = client;
    this.#name = name;
  }

  /** What there is under a key; `undefined` where there is nothing. */
  async head(key: string): Promise<ObjectInfo | undefined> {
    try {
      return await this.#client.send({ method: "HEAD", key }, infoOf);
    } catch (error) {
      // A bucket that is missing has the same answer, but was found when it was opened.
      if (error instanceof S3Error && error.status === 404) return undefined;
      throw error;
    }
  }

  /** A small object, whole, and the store's time; `undefined` where there is none. */
  async get(
    key: string,
    most: number,
  ): Promise<
    { readonly body: Buffer; readonly info: ObjectInfo; readonly now: number } | undefined
  > {
    try {
      return await this.#client.send({ method: "GET", key, most }, (reply) => ({
        body: reply.body,
        info: infoOf(reply),
        now: nowOf(reply),
      }));
    } catch (error) {
      if (error instanceof S3Error && error.code === "NoSuchKey") return undefined;
      throw error;
    }
  }

  /**
   * A range of an object: fewer bytes only at its end.
   * @param etag what it has to be; any where left out
   */
  async getRange(
    key: string,
    from: number,
    length: number,
    etag?: string,
    signal?: AbortSignal,
  ): Promise<{ readonly body: Buffer; readonly info: ObjectInfo }> {
    const range = `bytes=${from}-${from + length - 1}`;
    const headers = { range, "if-match": etag };
    return this.#client.send({ method: "GET", key, headers, most: length, signal }, (reply) => {
      const size = totalOf(reply, from);
      if (reply.body.length !== Math.min(length, size - from)) throw new S3Error(0, "WrongLength");
      return { body: reply.body, info: { ...infoOf(reply), size } };
    });
  }

  /**
   * Stores an object, whole or not at all.
   * @returns its tag
   * @throws {S3Error} where a condition does not hold and the store knows conditions
   */
  async put(
    key: string,
    body: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
    condition: Condition = {},
  ): Promise<{ readonly etag: string; readonly attempts: number }> {
    const all = { ...headers, ...headersOf(condition, this.conditions), "content-md5": md5(body) };
    return this.#client.send({ method: "PUT", key, body, headers: all }, (reply) => ({
      etag: etagOf(reply),
      attempts: reply.attempts,
    }));
  }

  /** Deletes an object, if there is one. */
  async delete(key: string): Promise<void> {
    await this.#client.send({ method: "DELETE", key }, nothing);
  }

  /** Lists keys that begin with a prefix, in the order of their bytes. */
  async *list(
    prefix: string,
    options: { readonly delimiter?: "/"; readonly most?: number } = {},
  ): AsyncGenerator<ListPage> {
    const { delimiter, most } = options;
    let token = "";
    const seen = new Set<string>();
    do {
      const query = {
        "list-type": "2",
        "encoding-type": "url",
        prefix,
        ...(delimiter === undefined ? {} : { delimiter }),
        ...(most === undefined ? {} : { "max-keys": String(most) }),
        ...(token === "" ? {} : { "continuation-token": token }),
      };
      const { page, now } = await this.#client.send({ method: "GET", query }, (reply) => ({
        page: readXml(reply.body, "ListBucketResult"),
        now: nowOf(reply),
      }));
      yield {
        objects: page.all("Contents").map((entry) => ({
          key: decodeKey(entry.text("Key")),
          size: Number(entry.text("Size")),
          etag: entry.text("ETag"),
          modified: Date.parse(entry.text("LastModified")),
        })),
        folders: page.all("CommonPrefixes").map((entry) => decodeKey(entry.text("Prefix"))),
        now,
      };
      const next = page.text("IsTruncated") === "true" ? page.text("NextContinuationToken") : "";
      // The same pages for ever are nonsense that must not hang anybody.
      if (next !== "" && seen.has(next)) throw new S3Error(0, "EndlessList");
      seen.add(next);
      token = most === undefined ? next : "";
    } while (token !== "");
  }

  /** Whether any key begins with this. */
  async holdsAny(prefix: string): Promise<boolean> {
    for await (const { objects } of this.list(prefix, { most: 1 })) return objects.length > 0;
    return false;
  }

  /** Copies an object within the bucket, if it is still the one with this tag. */
  async copy(
    from: string,
    info: ObjectInfo,
    to: string,
    headers: Record<string, string>,
  ): Promise<void> {
    const all = {
      ...headers,
      ...this.#sourceOf(from, info.etag),
      "x-amz-metadata-directive": "REPLACE",
    };
    await this.#client.send(
      { method: "PUT", key: to, headers: all, moves: info.size },
      ({ body }) => readXml(body, "CopyObjectResult"),
    );
  }

  /** Begins an upload by parts; gives its id. */
  async begin(key: string, headers: Readonly<Record<string, string>>): Promise<string> {
    const query = { uploads: "" };
    return this.#client.send({ method: "POST", key, query, headers }, ({ body }) => {
      const id = readXml(body, "InitiateMultipartUploadResult").text("UploadId");
      if (id === "") throw new S3Error(0, "NoUploadId");
      return id;
    });
  }

  /** Stores a part; gives its tag. */
  async putPart(key: string, upload: string, number: number, body: Uint8Array): Promise<string> {
    const query = partQuery(upload, number);
    const headers = { "content-md5": md5(body) };
    return this.#client.send({ method: "PUT", key, query, body, headers }, etagOf);
  }

  /** Makes a part of a range of another object; gives its tag. */
  async copyPart(
    key: string,
    upload: string,
    number: number,
    source: {
      readonly key: string;
      readonly etag: string;
      readonly from: number;
      readonly to: number;
    },
  ): Promise<string> {
    const query = partQuery(upload, number);
    const headers = {
      ...this.#sourceOf(source.key, source.etag),
      "x-amz-copy-source-range": `bytes=${source.from}-${source.to - 1}`,
    };
    const moves = source.to - source.from;
    return this.#client.send({ method: "PUT", key, query, headers, moves }, ({ body }) =>
      readXml(body, "CopyPartResult").text("ETag"),
    );
  }

  /** The parts that the store has of an upload. */
  async parts(key: string, upload: string): Promise<StoredPart[]> {
    const found: StoredPart[] = [];
    const seen = new Set<string>();
    for (let marker = "0"; ;) {
      const query = { uploadId: upload, "part-number-marker": marker };
      const page = await this.#client.send({ method: "GET", key, query }, ({ body }) =>
        readXml(body, "ListPartsResult"),
      );
      for (const part of page.all("Part")) {
        found.push({
          number: Number(part.text("PartNumber")),
          etag: part.text("ETag"),
          size: Number(part.text("Size")),
        });
      }
      const next = page.text("NextPartNumberMarker");
      if (page.text("IsTruncated") !== "true" || next === marker) return found;
      if (seen.has(next)) throw new S3Error(0, "EndlessList");
      seen.add(next);
      marker = next;
    }
  }

  /** Makes one object of the parts of an upload. */
  async complete(
    key: string,
    upload: string,
    etags: readonly string[],
    size: number,
    condition: Condition,
  ): Promise<void> {
    const parts = etags.map(
      (etag, index) =>
        `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag></Part>`,
    );
    const request: S3Request = {
      method: "POST",
      key,
      query: { uploadId: upload },
      headers: headersOf(condition, this.conditions),
      body: Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`),
      moves: size,
    };
    await this.#client.send(request, ({ body }) => readXml(body, "CompleteMultipartUploadResult"));
  }

  /** Ends an upload, if it is there, and has its parts deleted. */
  async abort(key: string, upload: string): Promise<void> {
    try {
      await this.#client.send({ method: "DELETE", key, query: { uploadId: upload } }, nothing);
    } catch (error) {
      if (!(error instanceof S3Error) || error.status !== 404) throw error;
    }
  }

  /** The uploads that were begun under keys with this prefix, and not ended. */
  async *uploads(prefix: string): AsyncGenerator<OpenUpload> {
    let markers: Record<string, string> = {};
    const seen = new Set<string>();
    do {
      const query = { uploads: "", "encoding-type": "url", prefix, ...markers };
      const page = await this.#client.send({ method: "GET", query }, ({ body }) =>
        readXml(body, "ListMultipartUploadsResult"),
      );
      for (const entry of page.all("Upload")) {
        yield {
          key: decodeKey(entry.text("Key")),
          id: entry.text("UploadId"),
          begun: Date.parse(entry.text("Initiated")),
        };
      }
      const before = markers["upload-id-marker"];
      markers = {
        "key-marker": decodeKey(page.text("NextKeyMarker")),
        "upload-id-marker": page.text("NextUploadIdMarker"),
      };
      if (page.text("IsTruncated") !== "true" || markers["upload-id-marker"] === before) return;
      const place = JSON.stringify(markers);
      if (seen.has(place)) throw new S3Error(0, "EndlessList");
      seen.add(place);
    } while (true);
  }

  #sourceOf(key: string, etag: string): Record<string, string> {
    return {
      "x-amz-copy-source": `/${this.#name}/${encodeKey(key)}`,
      "x-amz-copy-source-if-match": etag,
    };
  }
}

function partQuery(upload: string, number: number): Record<string, string> {
  return { partNumber: String(number), uploadId: upload };
}

function nothing(): void {
  // The status says it all.
}

function md5(body: Uint8Array): string {
  return createHash("md5").update(body).digest("base64");
}

/** As `encoding-type=url` has it; a plus is a space for some. */
function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new S3Error(0, "BadKey");
  }
}
