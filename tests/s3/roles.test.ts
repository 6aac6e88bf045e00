import { expect, test } from "bun:test";
import { write } from "../support/files.ts";
import { connect, run, ServerProcess, TemporaryFolder, type Ran } from "../support/programs.ts";
import { deadPort } from "../support/ports.ts";
import { RawClient } from "../support/raw-client.ts";
import { FaultyStore } from "./faulty-store.ts";
import { BUCKET, describeWithGateway, gateway } from "./gateway.ts";
import { RoleServer, type RoleFault } from "./role-server.ts";
import { S3Ground } from "./s3-ground.ts";

const KINDS = ["ofContainer", "ofMachine"] as const;
type Kind = (typeof KINDS)[number];

/** A store that takes what a role was given for as long as it is good by its own word, and no more. */
async function strictStore(role: RoleServer): Promise<FaultyStore> {
  const store = await FaultyStore.start(gateway().endpoint);
  store.plan = ({ head }) => {
    const [, id = ""] = /Credential=([^/]+)\//.exec(head) ?? [];
    return role.isGood(id) === true ? undefined : { status: 400, code: "ExpiredToken" };
  };
  return store;
}

function environment(endpoint: string, others: Record<string, string>): Record<string, string> {
  return { AWS_ENDPOINT_URL_S3: endpoint, AWS_REGION: "us-east-1", ...others };
}

function serve(ground: S3Ground, endpoint: string, role: Record<string, string>) {
  const flags = ["--json"];
  const env = environment(endpoint, role);
  return ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, flags, { env });
}

function expectNoSecret(text: string, role: RoleServer): void {
  for (const secret of role.secrets) expect(text).not.toContain(secret);
}

describeWithGateway("credentials of a role", () => {
  test.each(KINDS)("are found where they are %s, and serve", async (kind) => {
    await using ground = await S3Ground.make();
    using folder = new TemporaryFolder();
    await using role = new RoleServer();
    await using store = await strictStore(role);
    await using server = await serve(ground, store.endpoint, role[kind]);
    write(folder.join("f"), "content");
    const { status } = await connect(folder.path, server.port, "PUT f; GET f g; LS");
    expect(status).toBe(0);
    expect(role.count).toBe(1);
    expectNoSecret(server.log, role);
    if (kind === "ofMachine") expect(role.asked[0]).toBe("PUT /latest/api/token");
  });

  test.each(KINDS)("are had again before they expire (%s)", async (kind) => {
    await using ground = await S3Ground.make();
    await using role = new RoleServer();
    role.lifetime = 2500;
    await using store = await strictStore(role);
    await using server = await serve(ground, store.endpoint, role[kind]);
    using client = await RawClient.open(server.port);
    while (role.count < 4) {
      client.sendLine("STAT nothing");
      expect(await client.reply()).toStartWith("550 not-found");
    }
    expect(store.faults).toBe(0);
    expectNoSecret(server.log, role);
  });

  test.each(KINDS)("are had again where the store refuses them before (%s)", async (kind) => {
    await using ground = await S3Ground.make();
    await using role = new RoleServer();
    await using store = await strictStore(role);
    await using server = await serve(ground, store.endpoint, role[kind]);
    using client = await RawClient.open(server.port);
    client.sendLine("STAT nothing");
    expect(await client.reply()).toStartWith("550 not-found");
    expect(role.count).toBe(1);
    role.revoke();
    client.sendLine("STAT nothing");
    expect(await client.reply()).toStartWith("550 not-found");
    expect(role.count).toBe(2);
    expectNoSecret(server.log, role);
  });

  test("of whose renewal one hangs are had from the next", async () => {
    await using ground = await S3Ground.make();
    await using role = new RoleServer();
    role.lifetime = 2500;
    await using store = await strictStore(role);
    await using server = await serve(ground, store.endpoint, role.ofContainer);
    using client = await RawClient.open(server.port);
    role.fault = "hang";
    let answer = "550 not-found";
    while (answer.startsWith("550 not-found")) {
      client.sendLine("STAT nothing");
      answer = await client.reply();
    }
    expect(answer).toStartWith("451 failed The server has no credentials for the store");
    role.fault = undefined;
    while (!answer.startsWith("550 not-found")) {
      client.sendLine("STAT nothing");
      answer = await client.reply();
    }
    expect(store.faults).toBe(0);
  });

  test("that cannot be had again fail what needs them, and nothing when they can", async () => {
    await using ground = await S3Ground.make();
    await using role = new RoleServer();
    role.lifetime = 2500;
    await using store = await strictStore(role);
    await using server = await serve(ground, store.endpoint, role.ofContainer);
    using client = await RawClient.open(server.port);
    const ask = async (): Promise<string> => {
      client.sendLine("STAT nothing");
      return client.reply();
    };
    role.fault = 500;
    let answer = await ask();
    // As long as they are good it makes no difference.
    expect(answer).toStartWith("550 not-found");
    while (answer.startsWith("550 not-found")) answer = await ask();
    expect(answer).toStartWith("451 failed The server has no credentials for the store");
    role.fault = undefined;
    while (!answer.startsWith("550 not-found")) answer = await ask();
    expect(store.faults).toBe(0);
    expectNoSecret(server.log, role);
  });

  test.each(KINDS)(
    "that expired before they came are not asked for without end (%s)",
    async (kind) => {
      await using ground = await S3Ground.make();
      await using role = new RoleServer();
      role.lifetime = -60_000;
      const began = Date.now();
      await using server = await serve(ground, gateway().endpoint, role[kind]);
      using client = await RawClient.open(server.port);
      client.sendLine("STAT nothing");
      expect(await client.reply()).toStartWith("550 not-found");
      expect(role.count).toBeLessThanOrEqual(2 + (Date.now() - began) / 1000);
    },
  );

  test("that are nowhere: one error says where they were looked for", async () => {
    await using role = new RoleServer();
    const start = (others: Record<string, string>): Promise<Ran> =>
      run(["serve", "--port", "0", "--root", `s3://${BUCKET}`], {
        env: environment(gateway().endpoint, others),
      });
    const first =
      "No credentials were found in AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, " +
      "nor in the profile default in ~/.aws, nor in ";
    const cases: readonly (readonly [Kind, RoleFault, string])[] = [
      ["ofContainer", 403, ""],
      ["ofContainer", "nonsense", " (its answer makes no sense)"],
      ["ofContainer", "hang", " (no answer in time)"],
      ["ofMachine", 404, ""],
      ["ofMachine", "nonsense", " (its answer makes no sense)"],
      ["ofMachine", "hang", ""],
    ];
    await Promise.all(
      cases.map(async ([kind, fault, why]) => {
        await using one = new RoleServer();
        one.fault = fault;
        const { status, stdout, stderr } = await start(one[kind]);
        expect(status).not.toBe(0);
        const what = kind === "ofContainer" ? "the container's role" : "the machine's role";
        expect(stderr).toContain(
          `${first}${what} at ${one.origin}${why}: put them into one of these\n`,
        );
        // The library itself says that it goes on waiting.
        const lines = stderr
          .trim()
          .split("\n")
          .filter((line) => !line.includes("[WARN]"));
        expect(lines).toHaveLength(1);
        expectNoSecret(stdout + stderr, one);
      }),
    );
    const port = await deadPort();
    const dead = await start({ AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(dead.stderr).toContain(
      `the machine's role at http://127.0.0.1:${port}: put them into one of these\n`,
    );
    role.fault = 404;
    const profile = await start({ ...role.ofContainer, AWS_PROFILE: "missing" });
    expect(profile.stderr).toContain("No credentials were found in the profile missing in ~/.aws");
    expectNoSecret(profile.stderr, role);
  });
});
