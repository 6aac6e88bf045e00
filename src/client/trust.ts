import { without } from "../faults/faults.ts";
import { SecurityError } from "../security/errors.ts";
import { isLoopback } from "../security/ip.ts";
import type { KnownHosts } from "../security/known-hosts.ts";
import { TOKEN_USER } from "../security/mechanism.ts";
import { samePin } from "../security/pin.ts";
import { formatAddress, type Target } from "./address.ts";
import { CommandFailed } from "./errors.ts";
import { Status } from "./status.ts";
import { CALLED } from "../platform/called.ts";

/** A secret, and what it was given by, such as `SFTP_TOKEN`. */
export interface GivenSecret {
  readonly value: string;
  readonly from: string;
}

export interface TrustOptions {
  readonly knownHosts: KnownHosts;
  /** Whether to speak in the clear, to everybody. */
  readonly insecure: boolean;
  /**
   * The secret that was given beforehand, if one was.
   * @throws {SecurityError} where its file cannot be used
   */
  readonly secret: () => Promise<GivenSecret | undefined>;
  /** Whether to keep the keys of servers that logins have proved. */
  readonly remembers: boolean;
  /** Tells what is not as it should be, and does no harm. */
  readonly complain: (message: string) => void;
  /** Asks a person whether to go on; `undefined` where nobody can be asked. */
  readonly confirm: ((question: readonly string[]) => Promise<boolean>) | undefined;
  /** Asks a person for a secret; `undefined` where nobody can be asked. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
}

/** Why a server is spoken to over TLS alone. */
export type TlsReason =
  /** It is not on loopback. */
  | { readonly type: "elsewhere" }
  /** What says so, as `SFTP_TOKEN is set`, and how that is undone. */
  | { readonly type: "asked"; readonly because: string; readonly otherwise: string };

const LOSABLE = {
  proved: { because: "it encrypted before", otherwise: "open it anew" },
  pin: { because: "a PIN was given", otherwise: "leave out what stands behind the #" },
  user: { because: "a user was named", otherwise: "leave out what stands before the @" },
  configured: {
    because: "the configuration has a token for it",
    otherwise: "remove that from the configuration",
  },
} as const;

/** What stands behind a server's key. */
export type Judgement = "trusted" | "vouched" | "unknown";

/** Whom this side trusts, and what it logs in with. */
export class Trust {
  readonly #options: TrustOptions;
  /** Secrets that were typed, by user and server, so that a connection that drops asks for none. */
  readonly #typed = new Map<string, string>();
  /** What was complained of, so that a connection that drops complains of nothing twice. */
  readonly #complaints = new Set<string>();

  constructor(options: TrustOptions) {
    this.#options = options;
  }

  /**
   * Whether a server is spoken to over TLS alone: anything but loopback is, and what something is
   * known of that a stranger in its place must not get.
   * @returns why it is; `undefined` where it is spoken to in the clear
   * @throws {CommandFailed} status 2, where that was ruled out and is needed
   */
  async whyTls(target: Target): Promise<TlsReason | undefined> {
    const { insecure, knownHosts } = this.#options;
    if (insecure) {
      if (target.pin === undefined && target.user === undefined) return undefined;
      throw new CommandFailed(
        Status.usage,
        "--insecure checks no PIN and logs nobody in: leave it out, or give HOST:PORT alone",
      );
    }
    if (!isLoopback(target.host)) return { type: "elsewhere" };
    if (target.proved === true) return { type: "asked", ...LOSABLE.proved };
    const given = await this.#options.secret();
    if (target.pin !== undefined) return { type: "asked", ...LOSABLE.pin };
    if (target.user !== undefined) return { type: "asked", ...LOSABLE.user };
    if (given !== undefined) {
      const { from } = given;
      return { type: "asked", because: `${from} is set`, otherwise: "take that away" };
    }
    if (target.secret !== undefined) return { type: "asked", ...LOSABLE.configured };
    const known = await knownHosts.find(target.host, target.port);
    if (known === undefined) return undefined;
    return {
      type: "asked",
      because: "it is a known server, which encrypts",
      otherwise: `remove line ${known.line} of ${knownHosts.file}`,
    };
  }

  /** Whether it matters what the system's authorities say of this server. */
  async needsAuthorities(target: Target): Promise<boolean> {
    if (target.pin !== undefined) return false;
    return (await this.#options.knownHosts.find(target.host, target.port)) === undefined;
  }

  /**
   * Judges a server's key: by the PIN that was given, then by what is known of the server, then by
   * what the authorities say.
   * @param vouched whether they vouch for the key under this host's name
   * @throws {CommandFailed} status 4, where it is another key than it has to be
   */
  async judge(target: Target, pin: string, vouched: boolean): Promise<Judgement> {
    if (globalThis.FAULT_LAB && without("pin")) return "trusted";
    const where = formatAddress(target);
    if (target.pin !== undefined) {
      if (samePin(target.pin, pin)) return "trusted";
      throw new CommandFailed(
        Status.trust,
        `${where} has another key than the PIN says, so nothing was sent to it. Its key has the ` +
          `PIN ${pin}. Either the PIN is of another server or an older start, or somebody stands ` +
          "between you and the server: ask whoever runs it for its PIN",
      );
    }
    const known = await this.#options.knownHosts.find(target.host, target.port);
    if (known === undefined) return vouched ? "vouched" : "unknown";
    if (samePin(known.pin, pin)) return "trusted";
    throw new CommandFailed(
      Status.trust,
      `THE KEY OF ${where} HAS CHANGED, so nothing was sent to it. Either somebody stands between ` +
        "you and the server, or it was set up anew. Known is the PIN " +
        `${known.pin}, and it shows ${pin}. Ask whoever runs it; if the new one is right, remove ` +
        `line ${known.line} of ${this.#options.knownHosts.file} and connect again`,
    );
  }

  /**
   * Asks a person whether an unknown server is the right one.
   * @throws {CommandFailed} status 4, where it is not, or nobody can be asked
   */
  async askAbout(target: Target, pin: string): Promise<void> {
    const where = formatAddress(target);
    const { confirm } = this.#options;
    if (confirm === undefined) {
      throw new CommandFailed(
        Status.trust,
        `${where} is not known, and nobody can be asked here: give its PIN, as it says at its ` +
          `start (${CALLED} connect ${where}#PIN), or connect once at a terminal. Its key has the PIN ` +
          `${pin}, which is right only if the server says the same`,
      );
    }
    const agreed = await confirm([
      `${where} is not known yet. Its key has the PIN`,
      `  ${pin}`,
      "Compare it with what sftp serve says there, behind the #.",
    ]);
    if (!agreed) throw new CommandFailed(Status.trust, `${where} is not trusted: not connected`);
  }

  /** Whom to log in as. */
  userFor(target: Target): string {
    return target.user ?? TOKEN_USER;
  }

  /** The secret to log in with, as far as it is there already. */
  async knownSecret(target: Target): Promise<string | undefined> {
    return this.#typed.get(this.#keyOf(target)) ?? (await this.#givenSecret(target));
  }

  /**
   * Asks a person for the secret.
   * @throws {CommandFailed} status 4, where nobody can be asked
   */
  async askSecret(target: Target): Promise<void> {
    const user = this.userFor(target);
    const where = formatAddress(target);
    const { askSecret } = this.#options;
    if (askSecret === undefined) {
      throw new CommandFailed(
        Status.trust,
        `${where} wants a login, and nobody can be asked here for the ${nameOf(user)}: put it in ` +
          "SFTP_TOKEN, in a file for --token-file, or with the server in the configuration",
      );
    }
    const what = user === TOKEN_USER ? "Token" : `Password of ${user}`;
    this.#typed.set(this.#keyOf(target), await askSecret(`${what} for ${where}`));
  }

  /** Says that a login has failed: what was typed for it is not used again. */
  forgetSecret(target: Target): void {
    this.#typed.delete(this.#keyOf(target));
  }

  /**
   * Keeps the key of a server that the login has proved. Not that of one which the authorities vouch
   * for: they do for its next key as well.
   */
  async remember(target: Target, pin: string): Promise<void> {
    const { complain, knownHosts, remembers } = this.#options;
    if (!remembers) return;
    try {
      await knownHosts.remember(target.host, target.port, pin);
    } catch (error) {
      if (!(error instanceof SecurityError)) throw error;
      const complaint = `${formatAddress(target)} will be unknown next time: ${error.message}`;
      if (this.#complaints.has(complaint)) return;
      this.#complaints.add(complaint);
      complain(complaint);
    }
  }

  async #givenSecret(target: Target): Promise<string | undefined> {
    return (await this.#options.secret())?.value ?? target.secret;
  }

  #keyOf(target: Target): string {
    return `${this.userFor(target)}@${formatAddress(target)}`;
  }
}

function nameOf(user: string): string {
  return user === TOKEN_USER ? "token" : `password of ${user}`;
}
