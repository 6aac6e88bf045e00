import type { Request } from "../../protocol/request.ts";
import { formatDigest } from "../../protocol/text.ts";
import { Receiver, type Received } from "../../storage/receiver.ts";
import type { Done, Exchange } from "../exchange.ts";
import { aborted, RequestFailed } from "../failures.ts";

/** Stores a file that the client sends. */
export async function put(request: Request<"PUT">, exchange: Exchange): Promise<Done> {
  const started = performance.now();
  const { size, if: condition } = request.keys;
  const sink = await exchange.storage.create(request.path, {
    size,
    absent: condition === "absent",
  });
  const receiver = new Receiver(request.path, sink);
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
    await receiver.abort();
    throw error;
  }
}

async function receive(
  request: Request<"PUT">,
  exchange: Exchange,
  receiver: Receiver,
): Promise<Received> {
  const { size, mtime, exec } = request.keys;
  for (;;) {
    const event = await exchange.nextOfBody();
    exchange.progress(receiver.received);
    switch (event.type) {
      case "block":
        await receiver.block(event.data, event.digest);
        break;
      case "keepalive":
        break;
      case "abort":
        throw aborted("The upload is cancelled, and nothing was stored");
      case "end":
        if (event.rejection !== undefined) throw RequestFailed.fromRejection(event.rejection);
        return receiver.finish({ size, digest: event.digest }, { mtime, exec });
    }
  }
}
