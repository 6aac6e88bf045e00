import type { Ground } from "./ground.ts";
import type { Sample } from "./measure.ts";
import type { Peer, Served } from "./peer.ts";
import type { Result } from "./table.ts";
import type { Work } from "./work.ts";

/**
 * Does a work with all peers in turn, A B A B, once to warm up and then so many times: what the
 * machine does besides meets all of them alike.
 * @param skip told why a peer is left out
 */
export async function rounds(
  work: Work,
  peers: readonly Peer[],
  ground: Ground,
  count: number,
): Promise<Result> {
  await work.prepare(ground);
  const skipped: string[] = [];
  let running: { peer: Peer; served: Served; samples: Sample[] }[] = [];
  await using servers = new AsyncDisposableStack();
  const leaveOut = (peer: Peer, why: unknown): void => {
    skipped.push(`${peer.name}: ${why instanceof Error ? why.message : String(why)}`);
  };
  for (const peer of peers) {
    const missing = peer.missing();
    if (missing === undefined) {
      const served = servers.use(await peer.start(ground));
      running.push({ peer, served, samples: [] });
    } else leaveOut(peer, missing);
  }
  for (let round = 0; round <= count; round++) {
    for (const one of running) {
      try {
        const sample = await work.once(one.served, ground);
        if (round > 0) one.samples.push(sample);
      } catch (error) {
        // Ours has to work; of a peer it is said that it does not.
        if (one.peer === peers[0]) throw error;
        leaveOut(one.peer, error);
        running = running.filter((other) => other !== one);
      }
    }
  }
  const outcomes = running.map(({ peer, samples }) => ({ peer: peer.name, samples }));
  const { name, title, unit } = work;
  return { work: name, title, unit, bytes: work.bytes?.(ground) ?? 0, outcomes, skipped };
}
