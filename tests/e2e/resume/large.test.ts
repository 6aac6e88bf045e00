import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { size, until, writeSparse } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";
import { ClientProcess, TemporaryFolder } from "../../support/programs.ts";
import { Scene, serverOver, wayTo } from "../../support/resume.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const MOST_GROWTH = 64 * MIB;
/** What TLS may hold of it beside, in its own buffers. */
const TLS_GROWTH = 16 * MIB;

interface Growth {
  readonly client: number;
  readonly server: number;
}

/** Interrupts a transfer about half way by killing the client, and has another one go on. */
async function resumed(verb: "GET" | "PUT", bytes: number): Promise<Growth[]> {
  const [from, to] = verb === "GET" ? ["server", "client"] : ["client", "server"];
  using folder = new TemporaryFolder();
  writeSparse(folder.join(from, "f"), bytes);
  await using server = await serverOver(folder.join("server"));
  const { address, env } = wayTo(server);
  const options = { env: { ...env, XDG_STATE_HOME: folder.join("state") } };
  const growths: Growth[] = [];
  const isThere = (): boolean => size(folder.join(to, "f")) === bytes;
  for (const last of [false, true]) {
    await using client = ClientProcess.start(folder.join("client"), [address], options);
    await client.waitFor(/Connected to/);
    const measured = Promise.withResolvers<void>();
    const growth = Promise.all([
      growthDuring(client, () => measured.promise),
      growthDuring(server, () => measured.promise),
    ]);
    client.type(`${verb} f`);
    if (last) {
      await client.waitFor(/verified/);
    } else {
      const staging = folder.join(to, ".sftp-staging");
      const glob = new Bun.Glob("*");
      await until(
        () =>
          isThere() ||
          (size(staging) > 0 &&
            [...glob.scanSync({ cwd: staging })].some(
              (name) => size(`${staging}/${name}`) > bytes / 2,
            )),
      );
    }
    measured.resolve();
    const [ofClient, ofServer] = await growth;
    growths.push({ client: ofClient, server: ofServer });
    if (last) expect(client.log).toMatch(/of it from an earlier try, verified/);
    else await client.stop("SIGKILL");
    // It was over before anybody looked, on a machine that is busy.
    if (!last && isThere()) return resumed(verb, bytes);
  }
  expect(size(folder.join(to, "f"))).toBe(bytes);
  rmSync(folder.join(to, "f"));
  return growths;
}

function check(what: string, growths: readonly Growth[]): void {
  const most = MOST_GROWTH + (Scene.encrypted ? TLS_GROWTH : 0);
  for (const [index, { client, server }] of growths.entries()) {
    console.log(
      `${what}, part ${index + 1}: client +${Math.round(client / MIB)} MiB, ` +
        `server +${Math.round(server / MIB)} MiB`,
    );
    expect(client).toBeLessThan(most);
    expect(server).toBeLessThan(most);
  }
}

describe.each(["GET", "PUT"] as const)("a resumed %s grows no program by 64 MiB", (verb) => {
  test("of 1 GiB", async () => check(`${verb} of 1 GiB`, await resumed(verb, GIB)));

  test.skipIf(process.env["SFTP_BIG_TESTS"] !== "1")(
    "of 10 GiB (skipped unless SFTP_BIG_TESTS=1)",
    async () => check(`${verb} of 10 GiB`, await resumed(verb, 10 * GIB)),
    600_000,
  );
});
