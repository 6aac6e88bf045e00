import type { Request } from "../protocol/request.ts";
import type { Path } from "../storage/errors.ts";
import { SMALL } from "../storage/read-blocks.ts";
import { Ways, wayTo } from "../storage/ways.ts";
import { weightOf, type Job } from "./job.ts";
import { getSmall, putSmall, type Answer, type Asker, type SmallUpload } from "./verbs/small.ts";

/** Requests that are carried out as one. */
export interface Group {
  readonly jobs: readonly Job[];
  /**
   * Carries them out as far as nothing is unusual about them; left out where each is by itself.
   * @param from the place of the first of them that is meant; the first of all where left out
   * @param to the place behind the last; the end where left out
   * @returns in place of each that is to be carried out by itself, also if it was done before,
   * `undefined`
   */
  readonly carryOut?: (
    asker: Asker,
    from?: number,
    to?: number,
  ) => Promise<readonly (Answer | undefined)[]>;
  /** Of uploads, how many bytes of each have come. */
  readonly bodies?: readonly number[];
}

/**
 * Takes more requests that wait and can be carried out with one: of the same kind, and none in the
 * way of another. To read or store a small file by itself costs several times as much.
 * @param most they weigh at the most so much, unless it is one alone: others wait for them
 * @param takeIf takes the next that waits, if it is wanted
 */
export function gather(
  first: Job,
  most: number,
  takeIf: (wanted: (job: Job) => boolean) => Job | undefined,
): Group {
  const get = smallGetOf(first);
  if (get !== undefined) {
    const { jobs, all } = gatherLike(first, get, smallGetOf, most, takeIf);
    // Nobody knows yet whether it is small.
    if (jobs.length === 1) return { jobs };
    return { jobs, carryOut: (asker, from, to) => getSmall(all.slice(from, to), asker) };
  }
  const put = smallPutOf(first);
  if (put === undefined) return { jobs: [first] };
  const ways = new Ways<true>();
  const { jobs, all } = gatherLike(first, put, smallPutOf, most, takeIf, (path) => {
    const way = wayTo(path);
    const isFree = !ways.blocks(way);
    if (isFree) ways.add([way], true);
    return isFree;
  });
  return {
    jobs,
    carryOut: (asker, from, to) => putSmall(all.slice(from, to), asker),
    bodies: all.map(({ body }) => body.block?.data.length ?? 0),
  };
}

function gatherLike<T extends { readonly path: Path }>(
  first: Job,
  what: T,
  whatOf: (job: Job) => T | undefined,
  most: number,
  takeIf: (wanted: (job: Job) => boolean) => Job | undefined,
  isFree: (path: Path) => boolean = () => true,
): { readonly jobs: readonly Job[]; readonly all: readonly T[] } {
  const jobs = [first];
  const all = [what];
  isFree(what.path);
  let weight = weightOf(first);
  const isOneMore = (job: Job): boolean => {
    const more = whatOf(job);
    if (more === undefined || weight + weightOf(job) > most || !isFree(more.path)) return false;
    weight += weightOf(job);
    all.push(more);
    return true;
  };
  for (let next = takeIf(isOneMore); next !== undefined; next = takeIf(isOneMore)) jobs.push(next);
  return { jobs, all };
}

function smallGetOf({ asked, cancelled }: Job): Request<"GET"> | undefined {
  if (cancelled || asked.type !== "request" || asked.request.verb !== "GET") return undefined;
  return asked.request.keys.offset === undefined ? asked.request : undefined;
}

function smallPutOf({ asked, body, cancelled }: Job): SmallUpload | undefined {
  if (cancelled || asked.type !== "request" || asked.request.verb !== "PUT") return undefined;
  const { path, keys } = asked.request;
  const { size = Infinity, part, offset, if: condition } = keys;
  const isPlain = part === undefined && offset === undefined && condition === undefined;
  const small = isPlain && size <= SMALL ? body?.small : undefined;
  return small && { path, keys, body: small };
}
