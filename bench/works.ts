import type { Work } from "./work.ts";
import { crowd } from "./works/crowd.ts";
import { idlePlain, idleTls } from "./works/idle.ts";
import { getPlain, getTls, putPlain, putTls } from "./works/large.ts";
import { resume } from "./works/resume.ts";
import { getSmall, getSmallFar, mirrorSame, putSmall } from "./works/small.ts";
import { startGet, startVersion } from "./works/start.ts";

/** All that is compared. */
export const WORKS: readonly Work[] = [
  getPlain,
  putPlain,
  getTls,
  putTls,
  getSmall,
  putSmall,
  getSmallFar,
  mirrorSame,
  crowd,
  idlePlain,
  idleTls,
  startVersion,
  startGet,
  resume,
];
