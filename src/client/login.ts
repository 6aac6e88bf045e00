import { parseDenied, type Deniable } from "../protocol/denied.ts";
import type { Request } from "../protocol/request.ts";
import { MECHANISM, TOKEN_USER, WRONG_LOGIN } from "../security/mechanism.ts";
import { ScramClient } from "../security/scram.ts";
import { SecurityError } from "../security/errors.ts";
import { CommandFailed, Refused } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { Status } from "./status.ts";

/** What a login is made with. */
export interface Credentials {
  readonly user: string;
  readonly secret: string;
  /** What binds it to the connection. */
  readonly binding: Uint8Array;
}

/** A connection to log in on. */
interface Line {
  request(verb: "AUTH", path: [], keys: Request<"AUTH">["keys"]): Exchange;
}

/**
 * Logs in. When it settles, each side has proved to the other that it knows the secret, which was
 * not sent, and that there is nobody between them.
 * @returns what the server has said that it does not allow
 * @throws {CommandFailed} status 4
 */
export async function logIn(line: Line, credentials: Credentials): Promise<ReadonlySet<Deniable>> {
  const { user, secret, binding } = credentials;
  try {
    const scram = new ScramClient(user, secret, binding);
    const begun = await line
      .request("AUTH", [], { mechanism: MECHANISM, data: encode(scram.first()) })
      .success();
    const final = await scram.final(decode(begun.code === 334 ? begun.fields.get("data") : ""));
    const ended = await line.request("AUTH", [], { data: encode(final) }).success();
    scram.verify(decode(ended.code === 230 ? ended.fields.get("data") : ""));
    return parseDenied(ended.fields.get("denied"));
  } catch (error) {
    if (error instanceof SecurityError) {
      throw new CommandFailed(Status.trust, `The login failed: ${error.message}`);
    }
    if (error instanceof Refused && error.code === 530) {
      const why =
        user === TOKEN_USER && error.message === WRONG_LOGIN
          ? "the token is wrong, or the server has users: for these open USER@HOST:PORT"
          : error.message;
      throw new CommandFailed(Status.trust, `The login as ${user} failed: ${why}`);
    }
    throw error;
  }
}

function encode(message: string): string {
  return Buffer.from(message).toString("base64url");
}

function decode(data: string | undefined): string {
  return Buffer.from(data ?? "", "base64url").toString();
}
