import { blockDigest } from "../../digest/block.ts";
import { smallFileDigest } from "../../digest/file.ts";
import { formatBlockHeader } from "../../protocol/block.ts";
import { formatSuccess } from "../../protocol/reply.ts";
import type { Request } from "../../protocol/request.ts";
import { formatDigest } from "../../protocol/text.ts";
import { isDamaged, whatIsWrong } from "../../storage/receiver.ts";
import type { NewSmallFile, Storage } from "../../storage/storage.ts";
import type { SmallBody } from "../job.ts";
import type { Moved } from "../transferred.ts";

/** What a request that was carried out with others is answered with. */
export interface Answer {
  /** One behind the other: all of the reply, and of the body before it. */
  readonly pieces: readonly (string | Uint8Array)[];
  readonly moved: Moved;
}

/** Whom it is done for. */
export interface Asker {
  readonly storage: Storage;
}

/**
 * Reads small files that were asked for together.
 * @returns in place of each that is to be sent by itself, which then says what is wrong, `undefined`
 */
export async function getSmall(
  requests: readonly Request<"GET">[],
  { storage }: Asker,
): Promise<readonly (Answer | undefined)[]> {
  const files = await storage.readSmall?.(requests.map(({ path }) => path));
  return requests.map(({ path }, index) => {
    const file = files?.[index];
    if (file === undefined) return undefined;
    const { content, mtime, exec } = file;
    const size = content.length;
    const block = size === 0 ? undefined : blockDigest(content);
    const digest = smallFileDigest(block);
    const body = block === undefined ? [] : [formatBlockHeader(size, block), content];
    return {
      pieces: [
        formatSuccess(150, { size, mtime, offset: 0, exec }),
        ...body,
        formatSuccess(226, { digest: formatDigest(digest) }),
      ],
      moved: { direction: "sent", path, bytes: size, digest },
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
  { storage }: Asker,
): Promise<readonly (Answer | undefined)[]> {
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
  const answers: (Answer | undefined)[] = uploads.map(() => undefined);
  for (const [place, { index, digest, file }] of verified.entries()) {
    if (stored?.[place] === undefined) continue;
    const size = file.content.length;
    answers[index] = {
      pieces: [formatSuccess(226, { size, digest: formatDigest(digest) })],
      moved: { direction: "received", path: file.path, bytes: size, digest },
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
  const actual = data && blockDigest(data);
  if (actual !== undefined && isDamaged(actual, named)) return undefined;
  const whole = smallFileDigest(actual);
  const came = { size: data?.length ?? 0, digest: whole };
  return whatIsWrong(came, { size: keys.size, digest }) === undefined ? whole : undefined;
}
