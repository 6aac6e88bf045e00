import { describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { FastClient } from "../../support/fast-client.ts";
import { write, writeRandom } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { body, fileDigest } from "../../support/wire.ts";

const KIB = 1024;
const SIZE = 4096 * KIB;
/** How much a slow reader takes in a millisecond, in bytes: the file takes it 4 s. */
const PACE = SIZE / 4000;
/** The server closes what has nothing left to send after 2 s. */
const LONGER_THAN_LINGERING_MS = 2500;

/** Everything that comes up to the end of the connection, taken slice by slice. */
function readSlowly(socket: Socket): Promise<Buffer> {
  const slices: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  socket.on("data", (slice: Buffer) => {
    slices.push(slice);
    socket.pause();
    // The reader's pace, which the test is about.
    setTimeout(() => socket.resume(), slice.length / PACE);
  });
  socket.on("end", () => resolve(Buffer.concat(slices)));
  socket.on("error", reject);
  return promise;
}

interface Ending {
  readonly name: string;
  /** What follows the GET. */
  readonly sent: string;
  /** What is done while the file is read. */
  readonly act: (server: ServerProcess, socket: Socket) => void;
  /** What the server says behind the file. */
  readonly last: string;
}

const ENDINGS: readonly Ending[] = [
  { name: "QUIT", sent: "QUIT\n", act: () => undefined, last: "221\n" },
  {
    name: "SIGTERM",
    sent: "",
    act: (server, socket) => {
      const kill = (): void => {
        // Behind the greeting: the file is on its way. A second signal would cut it.
        if (socket.bytesRead < 100 * KIB) return;
        socket.off("data", kill);
        server.process.kill("SIGTERM");
      };
      socket.on("data", kill);
    },
    last: "421 closing The server shuts down\n",
  },
];

/**
 * Sizes of files: what the system takes of one lies between two of them, so that the server still
 * has some of its end to send, whatever that is here.
 */
const SIZES = Array.from({ length: 29 }, (_, step) => (1024 + step * 256) * KIB);

test.concurrent("who sends FIN and then reads nothing for a while gets all of a file", async () => {
  using folder = new TemporaryFolder();
  const largest = writeRandom(folder.join("largest"), SIZES.at(-1) ?? 0);
  for (const size of SIZES) write(folder.join(String(size)), largest.subarray(0, size));
  await using server = await ServerProcess.start(folder.path);
  const failures = await Promise.all(
    SIZES.map(async (size) => {
      using client = await FastClient.open(server.port);
      client.freeze();
      await client.sendLine(`GET ${size}`);
      client.finish();
      // The reader's pause, which the test is about.
      await Bun.sleep(LONGER_THAN_LINGERING_MS);
      client.thaw();
      try {
        expect(await client.reply()).toStartWith("150 ");
        const { end } = await client.body();
        return end === `226 digest=${fileDigest(largest.subarray(0, size))}` ? [] : [end];
      } catch (error) {
        return [`${size}: ${String(error)}`];
      }
    }),
  );
  expect(failures.flat()).toEqual([]);
});

describe("a slow reader gets all of a file", () => {
  test.concurrent.each(ENDINGS)("and the last words with $name", async (ending) => {
    using folder = new TemporaryFolder();
    const content = writeRandom(folder.join("f"), SIZE);
    await using server = await ServerProcess.start(folder.path, ["--grace", "10"]);
    const socket = connect({ host: "127.0.0.1", port: server.port, allowHalfOpen: true });
    const began = performance.now();
    const received = readSlowly(socket);
    socket.write(`GET f\n${ending.sent}`);
    ending.act(server, socket);
    const all = await received;
    socket.destroy();
    const expected = Buffer.concat([
      body(content),
      Buffer.from(`226 digest=${fileDigest(content)}\n${ending.last}`),
    ]);
    expect(performance.now() - began).toBeGreaterThan(LONGER_THAN_LINGERING_MS);
    expect(all.length).toBeGreaterThan(expected.length);
    expect(all.subarray(-expected.length).equals(expected)).toBe(true);
    if (ending.name === "SIGTERM") expect(await server.ended()).toBe(0);
  });
});
