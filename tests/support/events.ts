import { expect } from "bun:test";
import type { Socket } from "node:net";
import { until } from "./files.ts";
import { PlayedServer } from "./played-server.ts";
import { ClientProcess, type TemporaryFolder } from "./programs.ts";
import { block, BLOCK_SIZE } from "./wire.ts";

export type Event = Readonly<Record<string, unknown>>;

/** Every line of the output as the object that it is; nothing but printable ASCII is allowed. */
export function events(stdout: string): Event[] {
  expect(stdout).toMatch(/^(?:[ -~]+\n)*$/);
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line): Event => JSON.parse(line));
}

/** The size that slowTransfer() announces, in bytes: far more than it comes to send. */
export const SLOW_SIZE = 65_536 * BLOCK_SIZE;

/**
 * What a client with --json tells of a file `big` whose blocks come one by one, until it has told
 * its progress; then the connection is cut.
 */
export async function slowTransfer(folder: TemporaryFolder): Promise<Event[]> {
  let receiver: Socket | undefined;
  await using server = await PlayedServer.start((line, socket) => {
    if (line === undefined) return "220 protocol=1 server=played auth=none pipeline=1024\n";
    if (!line.startsWith("GET ")) return "";
    receiver = socket;
    return `150 size=${SLOW_SIZE} mtime=0 offset=0\n`;
  });
  await using client = ClientProcess.start(folder.join("client"), [String(server.port), "--json"]);
  client.type("GET big");
  const next = block(new Uint8Array(BLOCK_SIZE));
  await until(() => {
    if (client.stdout.includes('"progress"')) return true;
    if (receiver?.writableNeedDrain === false) receiver.write(next);
    return client.process.exitCode !== null;
  });
  receiver?.destroy();
  expect(await client.ended()).toBe(3);
  return events(client.stdout);
}
