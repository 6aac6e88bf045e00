import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { write, writeRandom } from "../../support/files.ts";
import { Authority } from "../../support/authority.ts";
import { FaultyProxy } from "../../support/faulty-proxy.ts";
import { TemporaryFolder } from "../../support/programs.ts";
import { SecureScene } from "../../support/secure.ts";
import { TerminalProgram } from "../../support/terminal.ts";
import { BLOCK_SIZE } from "../../support/wire.ts";

/** Many times as long as it takes to draw the progress anew, in milliseconds. */
const SLOWLY_MS = 1000;

test("progress makes room for a question that a new connection brings", async () => {
  // An authority vouches for the first server alone: who takes its place is unknown.
  const authority = await Authority.make();
  using folder = new TemporaryFolder();
  write(folder.join("server.pem"), await authority.vouchFor("localhost"));
  chmodSync(folder.join("server.pem"), 0o600);
  write(folder.join("authority.pem"), authority.certificate);
  const certificate = folder.join("server.pem");
  await using vouched = await SecureScene.start([
    "--tls-cert",
    certificate,
    "--tls-key",
    certificate,
  ]);
  await using stranger = await SecureScene.start(["--tls"]);
  writeRandom(folder.join("client/big"), 6 * BLOCK_SIZE);
  await using proxy = await FaultyProxy.start(vouched.port, {
    toServer: { afterContent: 2 * BLOCK_SIZE, do: "cut" },
  });
  proxy.encrypted = true;
  void proxy.faulted.then(() => (proxy.server = stranger.port));
  await using shell = new TerminalProgram(["connect", `localhost:${proxy.port}`], folder.path, {
    env: {
      XDG_STATE_HOME: folder.join("state"),
      NODE_EXTRA_CA_CERTS: folder.join("authority.pem"),
      SFTP_TOKEN: vouched.token,
      SFTP_RETRIES: "2",
    },
  });
  await shell.waitToSee(/^sftp localhost:\d+>$/m);
  shell.press("PUT big\r");
  await shell.waitToSee(/is not known yet[^]*\nGo on\? \(y\/N\):$/);
  // Whoever compares a key takes their time.
  const asked = performance.now();
  for (let typed = ""; performance.now() - asked < SLOWLY_MS;) {
    typed += "n";
    shell.press("n");
    await shell.waitToSee(new RegExp(`\nGo on\\? \\(y/N\\): ${typed}$`));
    if (typed.length < 20) continue;
    shell.press("\u0015");
    await shell.waitToSee(/\nGo on\? \(y\/N\):$/);
    typed = "";
  }
  expect(shell.seen).not.toMatch(/^big /m);
  shell.press("\r");
  await shell.waitToSee(/PUT big: localhost:\d+ is not trusted: not connected\nsftp>$/);
  expect(stranger.server.log).not.toContain("logged in");
});
