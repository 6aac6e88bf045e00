import { existsSync } from "node:fs";
import { join } from "node:path";
import { measure } from "../measure.ts";
import { bare, bareTls } from "../peers/bare.ts";
import { copy } from "../peers/copy.ts";
import { nginx, nginxTls } from "../peers/nginx.ts";
import { openssh } from "../peers/openssh.ts";
import { rsync } from "../peers/rsync.ts";
import { sftp, sftpTls } from "../peers/sftp.ts";
import { vsftpd } from "../peers/vsftpd.ts";
import type { Peer } from "../peer.ts";
import type { Work } from "../work.ts";

const FILE = "large.bin";

export const getPlain = get("get-plain", "GET of a large file, plain", [
  sftp,
  vsftpd,
  nginx,
  rsync,
  bare,
  copy,
]);
export const getTls = get("get-tls", "GET of a large file, encrypted", [
  sftpTls,
  nginxTls,
  openssh,
  bareTls,
]);
export const putPlain = put("put-plain", "PUT of a large file, plain", [
  sftp,
  vsftpd,
  rsync,
  bare,
  copy,
]);
export const putTls = put("put-tls", "PUT of a large file, encrypted", [sftpTls, openssh, bareTls]);

function get(name: string, title: string, peers: readonly Peer[]): Work {
  return {
    ...common(name, title, peers),
    async once(served, ground) {
      const local = join(ground.here, ground.fresh());
      const command = served.getFile?.(FILE, local);
      if (command === undefined) throw new Error("it cannot get a file");
      const { sample } = await measure(served.pid, [command]);
      ground.check(join(ground.served, FILE), local);
      ground.remove(local);
      return sample;
    },
  };
}

function put(name: string, title: string, peers: readonly Peer[]): Work {
  return {
    ...common(name, title, peers),
    async once(served, ground) {
      const remote = ground.fresh();
      const local = join(ground.served, FILE);
      const command = served.putFile?.(local, remote);
      if (command === undefined) throw new Error("it cannot put a file");
      const { sample } = await measure(served.pid, [command]);
      const there = [join(ground.served, remote), join(ground.served, "uploads", remote)];
      const stored = there.find((path) => existsSync(path)) ?? remote;
      ground.check(local, stored);
      ground.remove(stored);
      return sample;
    },
  };
}

function common(name: string, title: string, peers: readonly Peer[]) {
  return {
    name,
    title,
    unit: "seconds" as const,
    peers,
    bytes: (ground: Parameters<Work["once"]>[1]) => ground.sizes.large,
    prepare: async (ground: Parameters<Work["once"]>[1]) => {
      await ground.file(FILE, ground.sizes.large);
    },
  };
}
