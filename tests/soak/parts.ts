import { cuts } from "./cuts.ts";
import { flips } from "./flips.ts";
import { kills } from "./kills.ts";
import type { Part } from "./part.ts";
import { points } from "./points.ts";

/** Every part of the laboratory, in the order in which they run. */
export const PARTS: readonly Part[] = [kills, cuts, flips, points];
