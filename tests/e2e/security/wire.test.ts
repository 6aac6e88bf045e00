import { describe, expect, test } from "bun:test";
import { connect, createServer, type Socket } from "node:net";
import { read, writeRandom } from "../../support/files.ts";
import { listenAnywhere, portOf } from "../../support/ports.ts";
import { SecureScene } from "../../support/secure.ts";

const SIZE = 3_000_000;

/** Passes everything on, but for one bit of the first connection; notes down what passed. */
async function flipping(
  server: number,
  side: "toServer" | "toClient",
  at: number,
): Promise<AsyncDisposable & { readonly port: number; readonly passed: Buffer[] }> {
  const passed: Buffer[] = [];
  const sockets: Socket[] = [];
  let left = at;
  const listener = createServer((client) => {
    const behind = connect(server, "127.0.0.1");
    sockets.push(client, behind);
    const pass = (from: Socket, to: Socket, direction: string): void => {
      from.on("data", (piece: Buffer) => {
        passed.push(Buffer.from(piece));
        if (direction === side && left >= 0) {
          if (left < piece.length) piece[left] = (piece[left] ?? 0) ^ 1;
          left -= piece.length;
        }
        to.write(piece);
      });
      from.on("close", () => to.destroy());
      from.on("error", () => to.destroy());
    };
    pass(client, behind, "toServer");
    pass(behind, client, "toClient");
  });
  await listenAnywhere(listener);
  return {
    port: portOf(listener),
    passed,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

describe.each([
  ["GET", "server", "client", "toClient"],
  ["PUT", "client", "server", "toServer"],
] as const)("a bit that is flipped below TLS in the middle of a %s", (verb, from, to, side) => {
  test.each([10_000, 1_000_000, 2_900_000])(
    "at %d ends the connection, and the transfer goes on",
    async (at) => {
      await using scene = await SecureScene.start();
      await using proxy = await flipping(scene.port, side, at);
      const content = writeRandom(scene.folder.join(from, "f"), SIZE);
      const options = { token: scene.token, env: { SFTP_RETRIES: "2" } };
      const address = `127.0.0.1:${proxy.port}#${scene.pin}`;
      const ran = await scene.connectWith(options, address, `${verb} f`);
      expect(ran.status).toBe(0);
      expect(ran.stderr).toContain("trying again");
      expect(read(scene.folder.join(to, "f"))?.equals(content)).toBe(true);
    },
  );
});

test("nothing of names, content or secrets can be read on the wire", async () => {
  await using scene = await SecureScene.start();
  await using proxy = await flipping(scene.port, "toServer", Number.POSITIVE_INFINITY);
  const content = Buffer.from("words that somebody on the wire could read ".repeat(50_000));
  await Bun.write(scene.folder.join("client/telling-name"), content);
  const address = `127.0.0.1:${proxy.port}#${scene.pin}`;
  const ran = await scene.connect(address, "PUT telling-name; GET telling-name again; LS");
  expect(ran.status).toBe(0);
  const wire = Buffer.concat(proxy.passed).toString("latin1");
  expect(wire.length).toBeGreaterThan(2 * content.length);
  expect(wire).not.toMatch(/telling-name|somebody on the wire|AUTH|220 protocol/);
  expect(wire).not.toContain(scene.token);
});
