import type { Request } from "../protocol/request.ts";
import type { Attempts } from "../security/attempts.ts";
import { SecurityError } from "../security/errors.ts";
import { MECHANISM, WRONG_LOGIN } from "../security/mechanism.ts";
import { ScramServer } from "../security/scram.ts";
import type { User, Users } from "../security/users.ts";
import { StorageError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import type { Connection } from "../transport/connection.ts";
import { badArgument, RequestFailed } from "./failures.ts";
import { Rights, type Withheld } from "./rights.ts";

/** How often somebody may be wrong before the connection is closed. */
const TRIES = 3;

/** What logins are checked against, and what they lead to. */
export interface Guard {
  readonly users: Users;
  /** What the answers for unknown users are made from. */
  readonly decoySecret: Uint8Array;
  /** Addresses that go on with wrong logins. */
  readonly attempts: Attempts;
  /** How long handshake and login may take together, in milliseconds. */
  readonly timeout: number;
  /** The files of a user who has this root inside the server's, or has all of it. */
  storageFor(root: string | undefined): Promise<Storage>;
  /** Tells whoever runs the server what is wrong with it. */
  readonly complain: (message: string) => void;
}

/** Who a session belongs to. */
export interface Account {
  readonly user: string;
  readonly rights: Rights;
  readonly storage: Storage;
}

/** What is said to a client that logs in: that it should go on, or that it has. */
export interface Answer {
  readonly code: 334 | 230;
  /** In base64url. */
  readonly data: string;
}

/** One client's way to an account. */
export class Login {
  readonly #guard: Guard;
  readonly #connection: Connection;
  readonly #address: string;
  readonly #scram: ScramServer;
  readonly #withheld: Withheld;
  #tries = 0;
  #begun = false;
  #account: Account | undefined;

  /**
   * @param binding what binds a login to the connection
   * @param withheld what nobody may do
   */
  constructor(guard: Guard, connection: Connection, binding: Uint8Array, withheld: Withheld) {
    const { users, decoySecret } = guard;
    this.#guard = guard;
    this.#connection = connection;
    this.#withheld = withheld;
    this.#address = connection.remoteAddress;
    this.#scram = new ScramServer(binding, (name) => users.find(name)?.verifier, {
      decoySecret,
      decoyIterations: users.usualIterations,
    });
  }

  /** Who has logged in. */
  get account(): Account | undefined {
    return this.#account;
  }

  /** Whether there were so many wrong ones that the connection has to be closed. */
  get isOver(): boolean {
    return this.#account === undefined && !this.#begun && this.#tries >= TRIES;
  }

  /** Whether the time for it is over. */
  isOverdue(now: number): boolean {
    return this.#account === undefined && now - this.#connection.openedAt >= this.#guard.timeout;
  }

  /**
   * Carries out an AUTH.
   * @throws {RequestFailed} `530`, also for what is not understood
   */
  async answer({ mechanism, data }: Request<"AUTH">["keys"]): Promise<Answer> {
    if (this.#account !== undefined) throw badArgument("You are logged in already");
    const message = Buffer.from(data, "base64url").toString();
    try {
      return mechanism === undefined
        ? await this.#finish(message)
        : await this.#begin(mechanism, message);
    } catch (error) {
      this.#begun = false;
      if (error instanceof SecurityError) throw wrong(error.message);
      throw error;
    }
  }

  /** A login that was begun does not come to its end: it counts as a wrong one. */
  drop(): void {
    if (this.#begun) this.#guard.attempts.failed(this.#address);
    this.#begun = false;
  }

  async #begin(mechanism: string, message: string): Promise<Answer> {
    if (mechanism !== MECHANISM) throw badArgument(`The only mechanism is ${MECHANISM}`);
    this.drop();
    this.#tries++;
    if (this.#tries > TRIES) throw wrong("There were too many wrong ones");
    const wait = this.#guard.attempts.delayFor(this.#address);
    if (wait > 0) await this.#wait(wait);
    const answer = this.#scram.first(message);
    this.#begun = true;
    return { code: 334, data: encode(answer) };
  }

  async #finish(message: string): Promise<Answer> {
    const { attempts, users } = this.#guard;
    if (!this.#begun) throw wrong("A login begins with AUTH mechanism=…");
    this.#begun = false;
    let proved: ReturnType<ScramServer["final"]>;
    try {
      proved = this.#scram.final(message);
    } catch (error) {
      attempts.failed(this.#address);
      throw error;
    }
    attempts.succeeded(this.#address);
    const user = users.find(proved.user);
    if (user === undefined) throw wrong(WRONG_LOGIN);
    const storage = await this.#open(user);
    const rights = new Rights(user.role, this.#withheld);
    this.#account = { user: user.name, rights, storage };
    return { code: 230, data: encode(proved.message) };
  }

  /** @throws {RequestFailed} that tells the user nothing of what lies where */
  async #open({ name, root }: User): Promise<Storage> {
    try {
      return await this.#guard.storageFor(root);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.#guard.complain(`The root of ${name} cannot be opened: ${error.message}`);
      throw new RequestFailed(
        { code: 451, word: "failed" },
        "Your folder on the server cannot be opened: tell whoever runs it",
      );
    }
  }

  /** @throws {RequestFailed} where that would take longer than the client has */
  async #wait(ms: number): Promise<void> {
    const left = this.#connection.openedAt + this.#guard.timeout - performance.now();
    if (ms >= left) {
      throw new RequestFailed(
        { code: 421, word: "busy" },
        "There were too many wrong logins from your address: try again later",
      );
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([over, this.#connection.closed]);
    clearTimeout(timer);
  }
}

function wrong(message: string): RequestFailed {
  return new RequestFailed({ code: 530, word: "login" }, message);
}

function encode(message: string): string {
  return Buffer.from(message).toString("base64url");
}
