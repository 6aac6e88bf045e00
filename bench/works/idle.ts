import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { memoryOf } from "../measure.ts";
import type { Peer, Served } from "../peer.ts";
import { openssh } from "../peers/openssh.ts";
import { sftp, sftpTls } from "../peers/sftp.ts";
import { vsftpd } from "../peers/vsftpd.ts";
import type { Work } from "../work.ts";

const CONNECTIONS = 500;
/** Some come first: what they leave behind is not each one's own. */
const FIRST = 400;
/** So many begin at a time. */
const TOGETHER = 20;
/** Until what was needed to make connections is given back, in milliseconds. */
const SETTLE_MS = 2000;

export const idlePlain = idle("idle", "memory of an idle connection, plain", false, [sftp, vsftpd]);
export const idleTls = idle("idle-tls", "memory of an idle connection, TLS", true, [
  sftpTls,
  openssh,
]);

function idle(name: string, title: string, tls: boolean, peers: readonly Peer[]): Work {
  return {
    name,
    title,
    unit: "bytes",
    peers,
    prepare: async () => undefined,
    async once(served) {
      const earlier = await open(served, tls, FIRST);
      await Bun.sleep(SETTLE_MS);
      const before = memoryOf(served.pid);
      const sockets = await open(served, tls, CONNECTIONS);
      await Bun.sleep(SETTLE_MS);
      const value = Math.max(0, memoryOf(served.pid) - before) / CONNECTIONS;
      for (const socket of [...earlier, ...sockets]) socket.destroy();
      await Bun.sleep(SETTLE_MS);
      return { value };
    },
  };
}

/** Each has read what the server says first. */
async function open(served: Served, tls: boolean, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: TOGETHER }, () => openOne(served, tls));
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

function openOne(served: Served, tls: boolean): Promise<Socket> {
  const to = { host: "127.0.0.1", port: served.port ?? 0 };
  // OpenSSH greets in the clear, and encrypts behind that.
  const speaksTls = tls && served.mirror !== undefined;
  const options = { ...to, rejectUnauthorized: false, ALPNProtocols: ["simpleftp/1"] };
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = speaksTls ? connectTls(options) : connectPlain(to);
  socket.once("data", () => resolve(socket));
  socket.once("error", reject);
  return promise;
}
