import { createHash } from "node:crypto";
import { randomId } from "../ids.ts";
import type { Bucket } from "./bucket.ts";
import type { Keys } from "./keys.ts";
import { S3Error } from "./s3-error.ts";

/** Who waits looks again after a pause between these, in milliseconds. */
const PAUSES_MS = [20, 120] as const;
/** Whoever holds a lock says so again this often, in milliseconds. */
const REFRESH_MS = 20_000;
/** One that was not refreshed for so long was left by a server that died, in milliseconds. */
const LEFT_AFTER_MS = 60_000;
const MOST_BYTES = 1024;
/** A lock that is there for who makes it, and not for who looks, so often in turn, is nonsense. */
const MOST_VANISHED = 30;

interface Held {
  readonly key: string;
  etag: string;
}

/** What the names of locks begin with, in the staging folder. */
export const LOCK = "lock-";

/**
 * Has servers do something with the same names one after the other, by small objects in the staging
 * folder that only one can make. A store without conditional requests lets everybody pass.
 */
export class Locks {
  readonly #bucket: Bucket;
  readonly #keys: Keys;

  constructor(bucket: Bucket, keys: Keys) {
    this.#bucket = bucket;
    this.#keys = keys;
  }

  /** Works while nobody else holds one of the names. */
  async run<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const held: Held[] = [];
    // In one order, so that two never wait for each other.
    const keys = [...new Set(names.map((name) => this.#keyOf(name)))].toSorted();
    const refreshing = setInterval(() => void this.#refresh(held), REFRESH_MS);
    try {
      for (const key of keys) held.push({ key, etag: await this.#take(key) });
      return await work();
    } finally {
      clearInterval(refreshing);
      // One that stays is taken as left, later.
      await Promise.all(held.map(({ key }) => this.#bucket.delete(key).catch(() => undefined)));
    }
  }

  async #take(key: string): Promise<string> {
    const mine = Buffer.from(randomId());
    for (let vanished = 0; ;) {
      try {
        return (await this.#bucket.put(key, mine, {}, { absent: true })).etag;
      } catch (error) {
        if (!(error instanceof S3Error) || !error.isCondition) throw error;
      }
      const there = await this.#bucket.get(key, MOST_BYTES);
      vanished = there === undefined ? vanished + 1 : 0;
      if (vanished > MOST_VANISHED) throw new S3Error(0, "EndlessLock");
      // The answer to an earlier attempt was lost.
      if (there?.body.equals(mine) === true) return there.info.etag;
      if (there !== undefined && there.now - there.info.modified > LEFT_AFTER_MS) {
        const { etag } = there.info;
        const taken = await this.#bucket.put(key, mine, {}, { etag }).catch((error: unknown) => {
          if (error instanceof S3Error && (error.isCondition || error.status === 404)) return;
          throw error;
        });
        if (taken !== undefined) return taken.etag;
      }
      const [shortest, longest] = PAUSES_MS;
      const pause = shortest + Math.random() * (longest - shortest);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #refresh(held: readonly Held[]): Promise<void> {
    for (const one of held) {
      const again = Buffer.from(randomId());
      const { key, etag } = one;
      const put = await this.#bucket.put(key, again, {}, { etag }).catch(() => undefined);
      if (put !== undefined) one.etag = put.etag;
    }
  }

  #keyOf(name: string): string {
    return this.#keys.staged(LOCK + createHash("sha256").update(name).digest("hex").slice(0, 32));
  }
}
