import { join } from "node:path";
import { Delay } from "../delay.ts";
import type { Ground } from "../ground.ts";
import { measure } from "../measure.ts";
import type { Served } from "../peer.ts";
import { bare } from "../peers/bare.ts";
import { copy } from "../peers/copy.ts";
import { openssh } from "../peers/openssh.ts";
import { rsync } from "../peers/rsync.ts";
import { sftp } from "../peers/sftp.ts";
import { vsftpd } from "../peers/vsftpd.ts";
import type { Work } from "../work.ts";

/** Half of the round trip that is looked at, in milliseconds. */
const ONE_WAY_MS = 25;

const common = {
  unit: "seconds",
  bytes: ({ sizes }: Ground) => sizes.files * 4096,
  prepare: async (ground: Ground) => {
    await ground.tree();
  },
} as const;

export const getSmall: Work = {
  ...common,
  name: "get-small",
  title: "GET of 10,000 files of 4 KiB",
  peers: [sftp, rsync, openssh, vsftpd, bare, copy],
  once: (served, ground) => getTree(served, ground, undefined),
};

export const getSmallFar: Work = {
  ...common,
  name: "get-small-far",
  title: "the same at a round trip of 50 ms",
  peers: [sftp, rsync, bare],
  async once(served, ground) {
    using way = Delay.to(served.port ?? 0, ONE_WAY_MS);
    return await getTree(served, ground, way.port);
  },
};

export const putSmall: Work = {
  ...common,
  name: "put-small",
  title: "PUT of 10,000 files of 4 KiB",
  peers: [sftp, rsync, openssh, bare, copy],
  async once(served, ground) {
    const remote = ground.fresh();
    const stored = ground.folder(`served/${remote}`);
    const command = served.putTree?.(join(ground.served, "small"), remote);
    if (command === undefined) throw new Error("it cannot put a folder");
    const { sample } = await measure(served.pid, [command]);
    ground.check(join(ground.served, "small"), join(stored, "small"));
    ground.remove(stored);
    return sample;
  },
};

export const mirrorSame: Work = {
  ...common,
  name: "mirror-same",
  title: "MIRROR of them with nothing changed",
  peers: [sftp, rsync, bare],
  async once(served, ground) {
    const local = ground.folder("mirrored");
    const command = served.mirror?.("small", local);
    if (command === undefined) throw new Error("it cannot mirror");
    const { sample } = await measure(served.pid, [command]);
    ground.check(join(ground.served, "small"), join(local, "small"));
    return sample;
  },
};

async function getTree(served: Served, ground: Ground, port: number | undefined) {
  const local = ground.folder(ground.fresh());
  const command = served.getTree?.("small", local, port);
  if (command === undefined) throw new Error("it cannot get a folder");
  const { sample } = await measure(served.pid, [command]);
  ground.check(join(ground.served, "small"), join(local, "small"));
  ground.remove(local);
  return sample;
}
