import { LimitedStorage } from "../../src/storage/limited/storage.ts";
import { Quota } from "../../src/storage/limited/quota.ts";
import { LocalGround } from "./local-ground.ts";
import { describeStorage } from "./suite.ts";

/** More than any file system holds, in bytes. */
const AMPLE = 2 ** 70;

/** A storage with a quota that is large enough must behave as the one within. */
describeStorage(
  "LimitedStorage",
  async () => {
    const ground = await LocalGround.make();
    const quota = new Quota(ground.storage, { total: AMPLE, file: AMPLE });
    return {
      storage: new LimitedStorage(ground.storage, quota),
      again: async () => new LimitedStorage(await ground.again(), quota),
      plant: (path, content) => ground.plant(path, content),
      holds: (path) => ground.holds(path),
      [Symbol.asyncDispose]: () => ground[Symbol.asyncDispose](),
    };
  },
  { foreignNames: true, movesFolders: true, repeats: 1 },
);
