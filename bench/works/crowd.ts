import { join } from "node:path";
import { measure, type Command } from "../measure.ts";
import { bare } from "../peers/bare.ts";
import { nginx } from "../peers/nginx.ts";
import { sftp } from "../peers/sftp.ts";
import { vsftpd } from "../peers/vsftpd.ts";
import type { Work } from "../work.ts";

const FILE = "each.bin";

/** Many clients at the same time: how long until the last has its file. */
export const crowd: Work = {
  name: "crowd",
  title: "GET by many clients at once",
  unit: "seconds",
  bytes: ({ sizes }) => sizes.clients * sizes.each,
  peers: [sftp, vsftpd, nginx, bare],
  async prepare(ground) {
    await ground.file(FILE, ground.sizes.each);
  },
  async once(served, ground) {
    const folder = ground.folder(ground.fresh());
    const commands: Command[] = [];
    for (let client = 0; client < ground.sizes.clients; client++) {
      const command = served.getFile?.(FILE, join(folder, String(client)));
      if (command !== undefined) commands.push(command);
    }
    const { ran, sample } = await measure(served.pid, commands);
    for (const client of commands.keys()) {
      ground.check(join(ground.served, FILE), join(folder, String(client)));
    }
    ground.remove(folder);
    const seconds = ran.map((one) => one.seconds).toSorted((a, b) => a - b);
    const median = seconds[Math.floor(seconds.length / 2)] ?? 1;
    return { ...sample, note: `slowest ${((seconds.at(-1) ?? 1) / median).toFixed(2)} x median` };
  },
};
