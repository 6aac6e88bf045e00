import { blockDigest } from "../../digest/block.ts";
import { smallFileDigest } from "../../digest/file.ts";
import type { ServerEvent } from "../../observe/events.ts";
import { formatBlockHeader } from "../../protocol/block.ts";
import { formatSuccess } from "../../protocol/reply.ts";
import type { Request } from "../../protocol/request.ts";
import { formatDigest } from "../../protocol/text.ts";
import type { NewSmallFile, Storage } from "../../storage/storage.ts";
import type { SmallBody } from "../job.ts";

/** What a request that was carried out with others is answered with. */
export interface Answer {
  /** One behind the other: all of the reply, and of the body before it. */
  readonly pieces: readonly (string | Uint8Array)[];
  /** For the log. */
  readonly event: Transferred;
}

type Transferred = Extract<ServerEvent, { event: "transferred" }>;

/** Whom it is done for. */
export interface Asker {
  readonly storage: Storage;
  /** The other side, as `address:port`. */
  readonly client: string;
}

/**
 * Reads small files that were asked for together.
 * @returns in place of each that is to be sent by itself, which then says what is wrong, `undefined`
 */
export async function getSmall(
  requests: readonly Request<"GET">[],
  { storage, client }: Asker,
): Promise<readonly (Answer | undefined)[]> {
  const started = performance.now();
  const files = await storage.readSmall?.(requests.map(({ path }) => path));
  const seconds = (performance.now() - started) / 1000;
  return requests.map(({ path }, index) => {
    const file = files?.[index];
    if (file === undefined) return undefined;
    const { content, mtime, exec } = file;
    const size = content.length;
    const block = size === 0 ? undefined : blockDigest(content);
    const digest = formatDigest(smallFileDigest(block));
    const body = block === undefined ? [] : [formatBlockHeader(size, block), content];
    return {
      pieces: [
        formatSuccess(150, { size, mtime, offset: 0, exec }),
        ...body,
        formatSuccess(226, { digest }),
      ],
      event: transferred(client, "sent", path.join("/"), size, digest, seconds),
    };
  });
}

/** An upload whose body has come whole. */
export interface SmallUpload extends Pick<Request<"PUT">, "path" | "keys"> {
  readonly body: SmallBody;
}

/**
 * Stores small files that came together.
 * @returns in place of each that is to be stored by itself, which then says what is wrong,
 * `undefined`
 */
export async function putSmall(
  uploads: readonly SmallUpload[],
  { storage, client }: Asker,
): Promise<readonly (Answer | undefined)[]> {
  const started = performance.now();
  const verified: {
    readonly index: number;
    readonly digest: bigint;
    readonly file: NewSmallFile;
  }[] = [];
  for (const [index, upload] of uploads.entries()) {
    const digest = verifiedDigest(upload);
    if (digest === undefined) continue;
    const { path, keys, body } = upload;
    const content = body.block?.data ?? new Uint8Array(0);
    const attributes = { mtime: keys.mtime, exec: keys.exec };
    verified.push({ index, digest, file: { path, content, attributes } });
  }
  const stored = await storage.storeSmall?.(verified.map(({ file }) => file));
  const seconds = (performance.now() - started) / 1000;
  const answers: (Answer | undefined)[] = uploads.map(() => undefined);
  for (const [place, { index, digest, file }] of verified.entries()) {
    if (stored?.[place] === undefined) continue;
    const size = file.content.length;
    const hex = formatDigest(digest);
    answers[index] = {
      pieces: [formatSuccess(226, { size, digest: hex })],
      event: transferred(client, "received", file.path.join("/"), size, hex, seconds),
    };
  }
  // Not before all is done: where anything fails, each is stored by itself, with its bytes.
  for (const [index, { body }] of uploads.entries()) {
    if (answers[index] !== undefined) body.block?.release?.();
  }
  return answers;
}

/** The file's digest, where size and digests are those that were named. */
function verifiedDigest({ keys, body: { block, digest } }: SmallUpload): bigint | undefined {
  const { data, digest: named } = block ?? {};
  if ((data?.length ?? 0) !== keys.size) return undefined;
  const actual = data && blockDigest(data);
  if (named !== undefined && named !== actual) return undefined;
  const whole = smallFileDigest(actual);
  return digest === undefined || digest === whole ? whole : undefined;
}

function transferred(
  client: string,
  direction: "sent" | "received",
  path: string,
  bytes: number,
  digest: string,
  seconds: number,
): Transferred {
  return { event: "transferred", client, direction, path, bytes, digest, seconds };
}
