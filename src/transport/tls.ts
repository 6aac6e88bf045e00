import type { Socket } from "bun";
import type { Connection } from "./connection.ts";

/** The name of this protocol within TLS (RFC 7301). */
export const PROTOCOL = "simpleftp/1";
/** As ALPN has it on the wire (RFC 7301): each name behind its length. */
const ALPN = `${String.fromCharCode(PROTOCOL.length)}${PROTOCOL}`;
/** TLS 1.3, as the runtime wants it. */
const TLS_1_3 = 0x0304;
/** RFC 9266: what binds a login to this very connection. */
const BINDING = { bytes: 32, label: "EXPORTER-Channel-Binding" } as const;

/** A connection over TLS. */
export interface Secured {
  readonly connection: Connection;
  /** Its channel binding `tls-exporter`, the same on both ends of one connection and on no other. */
  readonly binding: Uint8Array;
}

/** What both sides ask of TLS: 1.3, and this protocol in it. */
export function versions(): { minVersion: number; ALPNProtocols: string } {
  return { minVersion: TLS_1_3, ALPNProtocols: ALPN };
}

/** What binds a login to a connection. */
export function bindingOf(socket: Socket<undefined>): Uint8Array {
  return socket.exportKeyingMaterial(BINDING.bytes, BINDING.label, Buffer.alloc(0));
}
