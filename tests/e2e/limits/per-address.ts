import { connect, type Socket } from "node:net";
import { FastClient } from "../../support/fast-client.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";

/**
 * Opens more connections from one address than one may have, and tells as JSON what came of it. A
 * program of its own, for a network of its own in which `ADDRESS` and `OTHER` are there: those of
 * this machine are not counted.
 */
const [ADDRESS = "", OTHER = ""] = process.argv.slice(2);
const MOST = 5;
const TRIES = 12;

using folder = new TemporaryFolder();
const flags = ["--host", "0.0.0.0", "--insecure", "--max-per-address", String(MOST)];
await using server = await ServerProcess.start(folder.path, flags);

/** The first line that a connection from an address gets. */
function open(from: string): Promise<{ socket: Socket; line: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: ADDRESS, port: server.port, localAddress: from });
    socket.once("data", (piece: Buffer) => resolve({ socket, line: piece.toString().trim() }));
    socket.once("error", reject);
  });
}

const first = [];
for (let tries = 0; tries < TRIES; tries++) first.push(await open(ADDRESS));
const other = await open(OTHER);
const [one] = first;
one?.socket.destroy();
await server.waitFor(/disconnected/);
const again = await open(ADDRESS);
// Those of this machine are not counted, however many there are.
using stack = new DisposableStack();
const local = new Set<string>();
for (let tries = 0; tries < TRIES; tries++) {
  const client = stack.use(await FastClient.connect(server.port));
  local.add((await client.line()).slice(0, 4));
}
process.stdout.write(
  JSON.stringify({
    served: first.filter(({ line }) => line.startsWith("220 ")).length,
    refused: [...new Set(first.map(({ line }) => line).filter((line) => !line.startsWith("220 ")))],
    other: other.line.slice(0, 4),
    again: again.line.slice(0, 4),
    local: [...local],
    told: server.log.match(/turned away: .*/g),
  }),
);
for (const { socket } of [...first, other, again]) socket.destroy();
