/** A program of its own for tests of what several do at once: see `programs.ts`. */
import { loadIdentity } from "../../../src/security/identity.ts";
import { KnownHosts } from "../../../src/security/known-hosts.ts";
import { withLock } from "../../../src/security/lock.ts";
import { makeVerifier } from "../../../src/security/scram.ts";
import { loadToken } from "../../../src/security/token.ts";
import { putUser } from "../../../src/security/users.ts";

const [what = "", where = "", ...rest] = process.argv.slice(2);
const verifier = await makeVerifier("secret", { iterations: 4096 });
process.stdout.write("ready\n");
await new Response(Bun.stdin.stream()).text();

switch (what) {
  case "identity":
    console.log((await loadIdentity(where)).pin);
    break;
  case "token":
    console.log(await loadToken(where));
    break;
  case "remember":
    for (const entry of rest) {
      const [host = "", pin = ""] = entry.split(" ");
      await new KnownHosts(where).remember(host, 12_000, pin);
    }
    break;
  case "users":
    for (const name of rest) {
      await putUser(where, name, () => ({ name, role: "read", verifier }));
    }
    break;
  case "die":
    withLock(where, () => process.kill(process.pid, "SIGKILL"));
    break;
  default:
    throw new Error(`There is no work ${what}`);
}
