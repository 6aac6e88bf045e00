import { expect, test } from "bun:test";
import { randomInt } from "node:crypto";
import type { Fault } from "../../support/faulty-proxy.ts";
import { publishedUnder, read, write, writeRandom } from "../../support/files.ts";
import { Random } from "../../support/random.ts";
import { Scene } from "../../support/resume.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

const KILLS = Number(process.env["SFTP_TEST_KILLS"] ?? 40);
const seed = Number(process.env["SFTP_TEST_SEED"] ?? randomInt(2 ** 31));

/** Somewhere in a transfer of so many bytes: in its content, or around what comes before and behind. */
function anywhere(random: Random, size: number, sending: boolean): Fault {
  switch (random.below(5)) {
    case 0:
      return { beforeLine: sending ? /^END/ : /^226/, do: "hold" };
    case 1:
      return { beforeLine: sending ? /^(?:HELD|PUT)/ : /^150/, do: "hold" };
    default:
      return { afterContent: random.below(size), do: "hold" };
  }
}

test(`killed anywhere ${KILLS} times, either side, both ways: old and whole, or new and whole (SFTP_TEST_SEED=${seed})`, async () => {
  const random = new Random(seed);
  for (let kill = 0; kill < KILLS; kill++) {
    const sending = random.below(2) === 0;
    const [verb, from, to] = sending ? ["PUT", "client", "server"] : ["GET", "server", "client"];
    const size = 1 + random.below(6 * BLOCK_SIZE);
    const fault = anywhere(random, size, sending);
    await using scene = await Scene.start([sending ? { toServer: fault } : { toClient: fault }]);
    const source = scene.folder.join(from, "f");
    const target = scene.folder.join(to, "f");
    const old = random.below(2) === 0 ? undefined : Buffer.alloc(1 + random.below(size), "old ");
    if (old !== undefined) write(target, old);
    const fresh = writeRandom(source, size);
    const what = `kill ${kill}: ${verb} of ${size} bytes, ${JSON.stringify(fault)} ${String(fault.beforeLine)}`;

    await using client = scene.start(`${verb} f`, "--retries", "0");
    await Promise.race([scene.proxy.faulted, client.process.exited]);
    const side = random.below(3);
    if (side !== 0) await scene.server.stop("SIGKILL");
    if (side !== 1) await client.stop("SIGKILL");
    scene.proxy.release();
    scene.proxy.cutAll();
    await client.ended();

    const there = read(target);
    const isOld = old === undefined ? there === undefined : there?.equals(old) === true;
    expect(isOld || there?.equals(fresh) === true, what).toBe(true);
    expect(read(source)?.equals(fresh), what).toBe(true);
    // Whatever was left is in nobody's way.
    if (side !== 0) await scene.startServer();
    const ran = await scene.run(`${verb} f`);
    expect(ran.status, `${what} ${ran.stderr}`).toBe(0);
    expect(read(target)?.equals(fresh), what).toBe(true);
    expect(publishedUnder(scene.folder.join(to)), what).toEqual(["f"]);
  }
}, 900_000);
