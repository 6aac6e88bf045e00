import { join } from "node:path";
import { without, type Peer } from "../peer.ts";

/** Copying on the same machine: nothing that goes over a connection gets there. */
export const copy: Peer = {
  name: "cp (the limit)",
  missing: () => without("cp"),
  async start(ground) {
    const served = (path: string): string => join(ground.served, path);
    return {
      getFile: (remote, local) => ({ argv: ["cp", served(remote), local] }),
      putFile: (local, remote) => ({ argv: ["cp", local, served(remote)] }),
      getTree: (remote, local) => ({ argv: ["cp", "-r", served(remote), local] }),
      putTree: (local, remote) => ({ argv: ["cp", "-r", local, served(remote)] }),
      [Symbol.asyncDispose]: async () => undefined,
    };
  },
};
