import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { write } from "../../support/files.ts";
import { Authority } from "../../support/authority.ts";
import { SecureScene } from "../../support/secure.ts";
import { TemporaryFolder, type Ran } from "../../support/programs.ts";

/** A server with a certificate, and a client that trusts an authority. */
async function scene(
  certificate: string,
  trusted: Authority,
): Promise<{
  scene: SecureScene;
  connect: (address: string, env?: Record<string, string>) => Promise<Ran>;
}> {
  const folder = new TemporaryFolder();
  const file = folder.join("server.pem");
  write(file, certificate);
  chmodSync(file, 0o600);
  write(folder.join("authority.pem"), trusted.certificate);
  const flags = ["--tls-cert", file, "--tls-key", file];
  const started = await SecureScene.start(flags, folder);
  return {
    scene: started,
    connect: (address, env = {}) =>
      started.connectWith(
        {
          token: started.token,
          env: { NODE_EXTRA_CA_CERTS: folder.join("authority.pem"), ...env },
        },
        address,
        "LS",
      ),
  };
}

const authority = await Authority.make();

test("a certificate that an authority vouches for by name needs neither PIN nor question", async () => {
  const { scene: own, connect } = await scene(await authority.vouchFor("localhost"), authority);
  await using _own = own;
  expect((await connect(`localhost:${own.port}`)).status).toBe(0);
  // The authority vouches for its next key as well: that one is not to be refused then.
  expect(own.knownHosts).toBe("");
});

test.each(["", "0"])(
  "it has to be for this name, NODE_TLS_REJECT_UNAUTHORIZED=%j or not",
  async (value) => {
    const { scene: own, connect } = await scene(await authority.vouchFor("localhost"), authority);
    await using _own = own;
    const env = value === "" ? {} : { NODE_TLS_REJECT_UNAUTHORIZED: value };
    const ran = await connect(`127.0.0.1:${own.port}`, env);
    expect(ran.status).toBe(4);
    expect(ran.stderr).toContain("is not known");
  },
);

test.each(["", "0"])(
  "nobody vouches by a certificate that has expired, or by an authority that is not trusted, %j",
  async (value) => {
    const stranger = await Authority.make();
    for (const certificate of [
      await authority.vouchFor("localhost", -1),
      await stranger.vouchFor("localhost"),
    ]) {
      const { scene: own, connect } = await scene(certificate, authority);
      await using _own = own;
      const env = value === "" ? {} : { NODE_TLS_REJECT_UNAUTHORIZED: value };
      const ran = await connect(`localhost:${own.port}`, env);
      expect(ran.status).toBe(4);
      expect(ran.stderr).toContain("is not known");
    }
  },
);

test("what is known of a server counts for more than what an authority says", async () => {
  const { scene: own, connect } = await scene(await authority.vouchFor("localhost"), authority);
  await using _own = own;
  const PIN = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
  write(own.folder.join("client-state/sftp/known_hosts"), `localhost:${own.port} ${PIN}\n`);
  const ran = await connect(`localhost:${own.port}`);
  expect(ran.status).toBe(4);
  expect(ran.stderr).toContain("HAS CHANGED");
});
