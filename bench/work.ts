import type { Ground } from "./ground.ts";
import type { Sample } from "./measure.ts";
import type { Peer, Served } from "./peer.ts";

/** Something that is done by us and by peers in turn. */
export interface Work {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** What a sample's value is: less of it is better. */
  readonly unit: "seconds" | "bytes";
  /** Bytes that are moved; none where it is not about that. */
  readonly bytes?: (ground: Ground) => number;
  /** Ours first. */
  readonly peers: readonly Peer[];
  /** Makes what is moved. */
  prepare(ground: Ground): Promise<void>;
  /** Does it once, into what was not there before, and checks what came. */
  once(served: Served, ground: Ground): Promise<Sample>;
}
