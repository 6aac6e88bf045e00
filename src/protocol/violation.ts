/**
 * The other side sent something that the protocol does not allow at that point. What follows on the
 * connection has no meaning any more: say so and close it.
 */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}
