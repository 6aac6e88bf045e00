import { join } from "node:path";
import { run, type Sample } from "../measure.ts";
import { without, type Peer } from "../peer.ts";
import { bare } from "../peers/bare.ts";
import { nginx } from "../peers/nginx.ts";
import { sftp } from "../peers/sftp.ts";
import type { Work } from "../work.ts";

const FILE = "tiny.bin";
/** So many in one sample, since one is shorter than what a clock tells well. */
const TIMES = 20;
const BINARY = join(import.meta.dir, "../../dist/sftp");

export const startVersion: Work = {
  name: "start",
  title: "start to exit of --version",
  unit: "seconds",
  peers: [versionOf("sftp", BINARY), versionOf("curl", "curl")],
  prepare: async () => undefined,
  async once(served) {
    const command = served.getFile?.("", "");
    if (command === undefined) throw new Error("it has no version");
    return averaged(() => run(command));
  },
};

export const startGet: Work = {
  name: "start-get",
  title: "start to exit of a GET of 1 KiB",
  unit: "seconds",
  peers: [sftp, nginx, bare],
  async prepare(ground) {
    await ground.file(FILE, 1024);
  },
  async once(served, ground) {
    return averaged(async () => {
      const local = join(ground.here, ground.fresh());
      const command = served.getFile?.(FILE, local);
      if (command === undefined) throw new Error("it cannot get a file");
      const ran = await run(command);
      ground.check(join(ground.served, FILE), local);
      return ran;
    });
  },
};

async function averaged(once: () => Promise<{ seconds: number; cpu: number; memory: number }>) {
  let seconds = 0;
  let clientCpu = 0;
  let clientMemory = 0;
  for (let time = 0; time < TIMES; time++) {
    const ran = await once();
    seconds += ran.seconds / TIMES;
    clientCpu += ran.cpu / TIMES;
    clientMemory = Math.max(clientMemory, ran.memory);
  }
  return { value: seconds, clientCpu, clientMemory } satisfies Sample;
}

function versionOf(name: string, program: string): Peer {
  return {
    name,
    missing: () => (program === BINARY ? undefined : without(program)),
    start: async () => ({
      getFile: () => ({ argv: [program, "--version"] }),
      [Symbol.asyncDispose]: async () => undefined,
    }),
  };
}
