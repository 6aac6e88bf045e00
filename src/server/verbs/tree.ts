import type { Request } from "../../protocol/request.ts";
import type { Done, Exchange } from "../exchange.ts";

/** Makes a folder and those above it. */
export async function mkdir(request: Request<"MKDIR">, exchange: Exchange): Promise<Done> {
  await exchange.storage.makeFolder(request.path);
  return changed(request, exchange);
}

/** Deletes a file or an empty folder. */
export async function remove(request: Request<"DELETE">, exchange: Exchange): Promise<Done> {
  await exchange.storage.delete(request.path);
  return changed(request, exchange);
}

/** Moves a file or a folder to a name that is free. */
export async function rename(request: Request<"RENAME">, exchange: Exchange): Promise<Done> {
  await exchange.storage.rename(request.path, request.keys.to);
  return changed(request, exchange);
}

function changed(
  request: Request<"MKDIR"> | Request<"DELETE"> | Request<"RENAME">,
  exchange: Exchange,
): Done {
  exchange.observe({
    event: "changed",
    client: exchange.client,
    verb: request.verb,
    path: request.path.join("/"),
    ...(request.verb === "RENAME" ? { to: request.keys.to.join("/") } : {}),
  });
  return { code: 250 };
}
