import type { Path } from "../protocol/path.ts";
import { Receiver } from "../storage/receiver.ts";
import type { Storage } from "../storage/storage.ts";
import { Interrupted, SessionLost } from "./errors.ts";
import { orRefused, type Exchange, type Success } from "./exchange.ts";
import { digestField, integerField } from "./fields.ts";
import type { Session } from "./session.ts";
import type { Transferred, TransferOptions } from "./transfer.ts";

/**
 * Gets a file from the server into a storage of this side, where it appears whole or not at all.
 * The connection stays usable, whatever fails, unless it is lost itself.
 * @throws {CommandFailed} or {StorageError}
 */
export async function download(
  session: Session,
  remote: Path,
  storage: Storage,
  local: Path,
  options: TransferOptions,
): Promise<Transferred> {
  const started = performance.now();
  const exchange = session.request("GET", remote, {});
  const cancel = (): void => exchange.startCancel();
  options.signal.addEventListener("abort", cancel);
  try {
    const begun = await exchange.success();
    if (begun.code !== 150) throw new SessionLost("The server's reply to GET has no body");
    const size = integerField(begun, "size");
    const receiver = new Receiver(local, await storage.create(local, { size }));
    try {
      const received = await receiver.finish(
        { size, digest: await receiveBody(exchange, receiver, size, options) },
        { mtime: integerField(begun, "mtime"), exec: begun.fields.get("exec") === "1" },
      );
      const seconds = (performance.now() - started) / 1000;
      return { bytes: size, reused: 0, digest: received.digest, seconds };
    } catch (error) {
      await receiver.abort();
      throw error;
    }
  } catch (error) {
    throw options.signal.aborted ? new Interrupted() : error;
  } finally {
    options.signal.removeEventListener("abort", cancel);
    await exchange.cancel();
  }
}

/** @returns the digest that the server names for what it sent */
async function receiveBody(
  exchange: Exchange,
  receiver: Receiver,
  size: number,
  { signal, onProgress }: TransferOptions,
): Promise<bigint> {
  let end: Success | undefined;
  while (end === undefined) {
    if (signal.aborted) throw new Interrupted();
    const event = await exchange.next();
    if (event.type === "reply") {
      end = orRefused(event.reply);
    } else {
      await receiver.block(event.data, event.digest);
      onProgress(receiver.received, size);
    }
  }
  return digestField(end, "digest");
}
