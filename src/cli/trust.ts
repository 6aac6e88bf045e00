import { join } from "node:path";
import { Trust } from "../client/trust.ts";
import { fromStart } from "../platform/started-in.ts";
import { isTerminal, STDERR, STDIN } from "../platform/terminal.ts";
import { KnownHosts } from "../security/known-hosts.ts";
import { readSecretFile } from "../security/secret-file.ts";
import type { Arguments } from "./args.ts";
import { optionalSetting } from "./settings.ts";
import { stateFolder } from "./state-folder.ts";

/**
 * Whom `sftp connect` trusts, and what it logs in with.
 * @param interactive whether a person types the commands, and can be asked whom to trust
 * @param askAlone asks a person something while nothing else uses the terminal
 */
export function trustFrom(
  given: Arguments,
  interactive: boolean,
  complain: (message: string) => void,
  askAlone: <T>(ask: () => Promise<T>) => Promise<T>,
): Trust {
  const file = optionalSetting(given, "token-file");
  const { SFTP_TOKEN = "" } = process.env;
  let read: Promise<string> | undefined;
  return new Trust({
    knownHosts: new KnownHosts(join(stateFolder(), "known_hosts")),
    complain,
    insecure: given.has("insecure"),
    remembers: !given.has("dry-run"),
    secret: async () => {
      if (file !== undefined) {
        return { value: await (read ??= readSecretFile(fromStart(file.value))), from: file.from };
      }
      return SFTP_TOKEN === "" ? undefined : { value: SFTP_TOKEN, from: "SFTP_TOKEN" };
    },
    confirm: interactive
      ? (facts) => askAlone(async () => (await prompting()).confirm(facts))
      : undefined,
    // A script that a person starts may ask for a secret: that lowers nothing.
    askSecret:
      isTerminal(STDERR) && isTerminal(STDIN)
        ? (question) => askAlone(async () => (await prompting()).readSecret(question))
        : undefined,
  });
}

/** What asks at a terminal, which most starts do without. */
const prompting = () => import("./prompt.ts");
