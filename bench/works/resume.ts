import { rmSync } from "node:fs";
import { join } from "node:path";
import { run, type Sample } from "../measure.ts";
import { without, type Peer } from "../peer.ts";
import { bare } from "../peers/bare.ts";
import { sftp } from "../peers/sftp.ts";
import type { Work } from "../work.ts";

const FILE = "resumed.bin";
/** Bytes that are still to come. */
const MISSING = 4 * 1024 * 1024;

/** Reading the file once, which whoever goes on has to do. */
const reading: Peer = {
  name: "reading it once",
  missing: () => without("cat"),
  start: async (ground) => ({
    getFile: (remote) => ({ argv: ["sh", "-c", `cat ${join(ground.served, remote)} >/dev/null`] }),
    [Symbol.asyncDispose]: async () => undefined,
  }),
};

export const resume: Work = {
  name: "resume",
  title: "resuming a large file with 4 MiB missing",
  unit: "seconds",
  bytes: ({ sizes }) => sizes.resumed,
  peers: [sftp, reading, bare],
  async prepare(ground) {
    await ground.file(FILE, ground.sizes.resumed);
  },
  async once(served, ground): Promise<Sample> {
    const local = join(ground.here, ground.fresh());
    const command = (served.resumeFile ?? served.getFile)?.(FILE, local);
    if (command === undefined) throw new Error("it cannot get a file");
    await served.leavePart?.(FILE, local, ground.sizes.resumed - MISSING);
    const { seconds, cpu, memory } = await run(command);
    if (served.leavePart !== undefined) {
      ground.check(join(ground.served, FILE), local);
      rmSync(local, { force: true });
    }
    return { value: seconds, clientCpu: cpu, clientMemory: memory };
  },
};
