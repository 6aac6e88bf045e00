import { parseDecimal, parseDigest } from "../protocol/text.ts";
import { brokenProtocol } from "./errors.ts";
import type { Success } from "./exchange.ts";

/** @throws {SessionLost} where the reply lacks the number */
export function integerField(reply: Success, key: string): number {
  return required(reply, key, parseDecimal(reply.fields.get(key) ?? ""));
}

/** @throws {SessionLost} where the reply lacks the digest */
export function digestField(reply: Success, key: string): bigint {
  return required(reply, key, parseDigest(reply.fields.get(key) ?? ""));
}

function required<T>(reply: Success, key: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw brokenProtocol(`The server's reply ${reply.code} has no valid ${key}`);
}
