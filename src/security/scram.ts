import { without } from "../faults/faults.ts";
import { encodeBase64 } from "./base64.ts";
import { equal } from "./equal.ts";
import { WRONG_LOGIN } from "./mechanism.ts";
import { isUserName, normalisePassword } from "./password.ts";
import {
  clientProof,
  decoyVerifier,
  keysOf,
  saltedPassword,
  serverSignature,
  storedKeyOfProof,
  type Verifier,
} from "./scram-keys.ts";
import {
  GS2_HEADER,
  parseClientFinal,
  parseClientFirst,
  parseServerFinal,
  parseServerFirst,
  ScramError,
  type ClientFirst,
} from "./scram-messages.ts";

export { makeVerifier, PASSWORD_ITERATIONS, TOKEN_ITERATIONS } from "./scram-keys.ts";
export type { Verifier } from "./scram-keys.ts";
export { ScramError } from "./scram-messages.ts";

const NONCE_BYTES = 18;

/**
 * The client's side of one login by SCRAM-SHA-256-PLUS (RFC 5802, 7677), bound to its TLS connection
 * by tls-exporter (RFC 9266). The password is used here and never sent.
 */
export class ScramClient {
  readonly #password: string;
  readonly #binding: Uint8Array;
  readonly #bare: string;
  readonly #nonce: string;
  /** What the server has to sign to show that it knows the verifier. */
  #expected: Uint8Array | undefined;

  /**
   * @param binding what `tls-exporter` gives for the connection
   * @param nonce for tests alone
   * @throws {SecurityError} where it can be no name or no password
   */
  constructor(user: string, password: string, binding: Uint8Array, nonce = makeNonce()) {
    if (!isUserName(user)) throw new ScramError("invalid", `${user} can be no user's name`);
    this.#password = normalisePassword(password);
    this.#binding = binding;
    this.#nonce = nonce;
    this.#bare = `n=${user},r=${nonce}`;
  }

  /** The message that opens the login. */
  first(): string {
    return GS2_HEADER + this.#bare;
  }

  /**
   * Answers the server's first message.
   * @throws {ScramError}
   */
  async final(serverFirst: string): Promise<string> {
    const { nonce, salt, iterations } = parseServerFirst(serverFirst);
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ScramError("refused", "The server's answer belongs to another login");
    }
    const unproved = `c=${channel(this.#binding)},r=${nonce}`;
    const authMessage = `${this.#bare},${serverFirst},${unproved}`;
    const salted = await saltedPassword(this.#password, salt, iterations);
    this.#expected = serverSignature(keysOf(salted).serverKey, authMessage);
    return `${unproved},p=${encodeBase64(clientProof(salted, authMessage))}`;
  }

  /**
   * Checks the server's last message: only after it is the server proved.
   * @throws {ScramError}
   */
  verify(serverFinal: string): void {
    const signature = parseServerFinal(serverFinal);
    if (this.#expected === undefined || !equal(signature, this.#expected)) {
      throw new ScramError(
        "refused",
        "The server did not prove that it knows the password: it is not the right one",
      );
    }
  }
}

export interface ScramServerOptions {
  /** What the answers for unknown users are made from. It has to outlast the program's start. */
  readonly decoySecret: Uint8Array;
  /** The iterations of unknown users: those that known ones usually have. */
  readonly decoyIterations: number;
  /** For tests alone. */
  readonly nonce?: string;
}

/** The server's side of one login. Unknown users get the same answers as known ones, for the same work. */
export class ScramServer {
  readonly #binding: Uint8Array;
  readonly #find: (user: string) => Verifier | undefined;
  readonly #options: ScramServerOptions;
  #login: Login | undefined;

  /**
   * @param binding what `tls-exporter` gives for the connection
   * @param find gives what is kept of a user's password
   */
  constructor(
    binding: Uint8Array,
    find: (user: string) => Verifier | undefined,
    options: ScramServerOptions,
  ) {
    this.#binding = binding;
    this.#find = find;
    this.#options = options;
  }

  /**
   * Answers the client's first message.
   * @throws {ScramError}
   */
  first(clientFirst: string): string {
    this.#login = undefined;
    const asked = parseClientFirst(clientFirst);
    const { decoySecret, decoyIterations } = this.#options;
    const decoy = decoyVerifier(decoySecret, asked.user, decoyIterations);
    const found = this.#find(asked.user);
    const verifier = found ?? decoy;
    const nonce = asked.nonce + (this.#options.nonce ?? makeNonce());
    const message = `r=${nonce},s=${encodeBase64(verifier.salt)},i=${verifier.iterations}`;
    this.#login = { ...asked, nonce, message, verifier, known: found !== undefined };
    return message;
  }

  /**
   * Judges the client's proof. Each first message allows one.
   * @returns who has logged in, and the message that proves the server to the client
   * @throws {ScramError}
   */
  final(clientFinal: string): { readonly user: string; readonly message: string } {
    const login = this.#login;
    this.#login = undefined;
    if (login === undefined) throw new ScramError("invalid", "The login has not been begun");
    const given = parseClientFinal(clientFinal);
    if (given.nonce !== login.nonce) {
      throw new ScramError("refused", "The answer belongs to another login");
    }
    if (!equal(given.binding, Buffer.from(channel(this.#binding), "base64"))) {
      throw new ScramError("refused", "The login was made for another connection than this one");
    }
    const { storedKey, serverKey } = login.verifier;
    const authMessage = `${login.bare},${login.message},${given.unproved}`;
    const isOut = globalThis.FAULT_LAB && without("login");
    const fits = isOut || equal(storedKeyOfProof(storedKey, authMessage, given.proof), storedKey);
    const signature = serverSignature(serverKey, authMessage);
    if (!fits || !login.known) {
      throw new ScramError("refused", WRONG_LOGIN);
    }
    return { user: login.user, message: `v=${encodeBase64(signature)}` };
  }
}

/** What a server remembers between its two answers. */
interface Login extends ClientFirst {
  readonly message: string;
  readonly verifier: Verifier;
  readonly known: boolean;
}

/** The value of `c=`: the header as it was sent, and what binds to the connection. */
function channel(binding: Uint8Array): string {
  return encodeBase64(Buffer.concat([Buffer.from(GS2_HEADER), binding]));
}

function makeNonce(): string {
  return encodeBase64(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
}
