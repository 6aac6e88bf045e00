import { write } from "../../support/files.ts";
import { Impostor } from "../../support/impostor.ts";
import { run, TemporaryFolder } from "../../support/programs.ts";
import { MECHANISM, SecureClient, SecureScene } from "../../support/secure.ts";
import type { Random } from "../../support/random.ts";
import { must } from "../part.ts";

const OTHER_PIN = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const WITH_LOGIN = `220 protocol=1 server=x auth=${MECHANISM} pipeline=1024\n`;

/** Somebody in the server's place, with a key of their own. */
export async function otherKey(): Promise<void> {
  using folder = new TemporaryFolder();
  write(folder.join("client/private"), "private bytes");
  using impostor = await Impostor.start((line) => (line === undefined ? WITH_LOGIN : "200\n"));
  const address = `127.0.0.1:${impostor.port}#${OTHER_PIN}`;
  const args = ["connect", address, "--root", folder.join("client"), "-c", "PUT private"];
  const env = { SFTP_TOKEN: "secret", XDG_STATE_HOME: folder.join("state") };
  const ran = await run(args, { env });
  must(impostor.heard.length === 0, () => `the impostor heard ${impostor.heard.join(", ")}`);
  must(ran.status === 4, () => `it ended with ${ran.status}: ${ran.stderr}`);
}

/** A login with another token than the server's. */
export async function wrongLogin(random: Random): Promise<void> {
  await using scene = await SecureScene.start();
  using client = await SecureClient.open(scene.port);
  const reply = await client.logIn("token", `wrong-${random.below(2 ** 31)}`);
  must(reply.startsWith("530 login "), `it led to ${reply}`);
  const asked = await client.raw.sendLine("LIST").reply();
  must(asked.startsWith("530 login "), `LIST led to ${asked}`);
}
