import { attacks } from "./attacks.ts";
import { cuts } from "./cuts.ts";
import { disk } from "./disk.ts";
import { flips } from "./flips.ts";
import { kills } from "./kills.ts";
import { mixed } from "./mixed.ts";
import { parsers } from "./parsers.ts";
import type { Part } from "./part.ts";
import { peers } from "./peers.ts";
import { points } from "./points.ts";
import { replies } from "./replies.ts";
import { requests } from "./requests.ts";
import { space } from "./space.ts";

/** Every part of the laboratory, in the order in which they run. */
export const PARTS: readonly Part[] = [
  parsers,
  requests,
  replies,
  flips,
  cuts,
  kills,
  points,
  space,
  attacks,
  disk,
  mixed,
  peers,
];
