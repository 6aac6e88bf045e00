import { BLOCK_SIZE } from "../../protocol/limits.ts";
import type { Request } from "../../protocol/request.ts";
import { formatDigest } from "../../protocol/text.ts";
import { StorageError } from "../../storage/errors.ts";
import type { Receiver, Received } from "../../storage/receiver.ts";
import type { Done, Exchange } from "../exchange.ts";
import { badArgument, RequestFailed } from "../failures.ts";

/** Stores a file that the client sends. */
export async function put(request: Request<"PUT">, exchange: Exchange): Promise<Done> {
  try {
    return await store(request, exchange);
  } catch (error) {
    throw whyExists(error, request, exchange);
  }
}

async function store(request: Request<"PUT">, exchange: Exchange): Promise<Done> {
  const started = performance.now();
  const receiver = await begin(request, exchange);
  try {
    const received = await receive(request, exchange, receiver);
    const digest = formatDigest(received.digest);
    exchange.observe({
      event: "transferred",
      client: exchange.client,
      direction: "received",
      path: request.path.join("/"),
      bytes: received.size,
      digest,
      seconds: (performance.now() - started) / 1000,
    });
    return { code: 226, fields: { size: received.size, digest } };
  } catch (error) {
    if (error instanceof UploadAborted && error.drop) await receiver.abort();
    else await receiver.endWith(error);
    throw error;
  }
}

async function begin(request: Request<"PUT">, exchange: Exchange): Promise<Receiver> {
  const { path, keys } = request;
  const { size, part, offset, mtime, exec } = keys;
  const withheld = exchange.rights.withholderOf("replace") !== undefined;
  const absent = keys.if === "absent" || withheld;
  const turn = (): Promise<void> => exchange.turn();
  const options = { size, absent, attributes: { mtime, exec }, turn };
  if (part === undefined) {
    if (offset !== undefined) throw badArgument("offset needs the key part");
    return exchange.parts.begin(path, options);
  }
  const open = await exchange.parts.goOn(path, part, offset ?? 0, options, (done) =>
    exchange.progress(done),
  );
  open.onTaken(() => {
    exchange.cutBody(
      new RequestFailed({ code: 426, word: "taken" }, "Another session went on with this upload"),
    );
  });
  return open.receiver;
}

async function receive(
  request: Request<"PUT">,
  exchange: Exchange,
  receiver: Receiver,
): Promise<Received> {
  const { size, mtime, exec } = request.keys;
  if (size === undefined || size > BLOCK_SIZE) exchange.tellProgress();
  for (;;) {
    exchange.progress(receiver.received);
    const event = await exchange.nextOfBody();
    switch (event.type) {
      case "block":
        await receiver.block(event.data, event.digest, event.release);
        break;
      case "keepalive":
        break;
      case "abort":
        throw new UploadAborted(event.drop);
      case "end":
        if (event.rejection !== undefined) throw RequestFailed.fromRejection(event.rejection);
        // The last moment to be cancelled: from here on it is stored.
        exchange.progress(receiver.received);
        return receiver.finish({ size, digest: event.digest }, { mtime, exec });
    }
  }
}

/** Where it is not the client that wanted to replace nothing, it is told who did. */
function whyExists(error: unknown, { path, keys }: Request<"PUT">, { rights }: Exchange): unknown {
  if (!(error instanceof StorageError) || error.problem !== "exists") return error;
  const withholder = rights.withholderOf("replace");
  if (withholder === undefined || keys.if === "absent") return error;
  return new StorageError(
    "exists",
    path,
    (name) => `${name} exists already, and ${withholder} does not allow replacing it`,
  );
}

/** The client has ended the body with ABORT. */
class UploadAborted extends RequestFailed {
  readonly drop: boolean;

  constructor(drop: boolean) {
    super({ code: 426, word: "aborted" }, "The upload is cancelled");
    this.drop = drop;
  }
}
