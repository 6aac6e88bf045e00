import { expect, test } from "bun:test";
import { array, assert, integer, oneof, property } from "fast-check";
import { JOIN_BELOW, JOIN_UP_TO, Outgoing } from "../../src/transport/outgoing.ts";

/** Lengths around those that matter. */
const length = oneof(
  integer({ min: 0, max: 64 }),
  integer({ min: JOIN_BELOW - 2, max: JOIN_BELOW + 2 }),
  integer({ min: JOIN_UP_TO - 2, max: JOIN_UP_TO + 2 }),
);

/** A kernel that takes so much of each piece, in parts of a thousand; 1000 is all. */
const taken = array(integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 20 });

/** Bytes that tell where in the stream they stand. */
function piecesOf(lengths: readonly number[]): Uint8Array[] {
  let at = 0;
  return lengths.map((size) => Uint8Array.from({ length: size }, () => at++ % 251));
}

test("what was added comes out in order, and each piece is told of when it is gone, whatever the kernel takes", () => {
  assert(
    property(array(length, { maxLength: 40 }), taken, (lengths, shares) => {
      const pieces = piecesOf(lengths);
      const outgoing = new Outgoing();
      const told: number[] = [];
      pieces.forEach((piece, index) => outgoing.add(piece, () => told.push(index)));
      const all = Buffer.concat(pieces);
      const out: Uint8Array[] = [];
      let sent = 0;
      for (let call = 0; !outgoing.isEmpty; call++) {
        expect(outgoing.bytes).toBe(all.length - sent);
        const { bytes, onTaken } = outgoing.take() ?? { bytes: new Uint8Array() };
        const count = Math.ceil((bytes.length * (shares[call % shares.length] ?? 1000)) / 1000);
        // Copied, since whoever is told that a piece was taken uses its memory again.
        out.push(bytes.slice(0, count));
        sent += count;
        if (count < bytes.length) outgoing.putBack({ bytes: bytes.subarray(count), onTaken });
        else onTaken?.();
        for (const index of told) pieces[index]?.fill(255);
      }
      expect(told).toEqual(pieces.map((_, index) => index));
      expect(Buffer.concat(out).equals(all)).toBe(true);
      expect(outgoing.bytes).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test("small pieces are joined, and no more than is worth it; large ones are not copied", () => {
  assert(
    property(array(length, { maxLength: 40 }), (lengths) => {
      const pieces = piecesOf(lengths);
      const outgoing = new Outgoing();
      for (const piece of pieces) outgoing.add(piece);
      for (let next = outgoing.take(); next !== undefined; next = outgoing.take()) {
        if (next.bytes.length > JOIN_UP_TO) expect(pieces).toContain(next.bytes);
      }
    }),
    { numRuns: 200 },
  );
  const outgoing = new Outgoing();
  for (let at = 0; at < 100; at++) outgoing.add(new Uint8Array(10));
  expect(outgoing.take()?.bytes.length).toBe(1000);
  const large = new Uint8Array(JOIN_BELOW);
  outgoing.add(large);
  outgoing.add(new Uint8Array(1));
  expect(outgoing.take()?.bytes).toBe(large);
});

test("it says when there is enough to send, and when there is too much", () => {
  const outgoing = new Outgoing();
  expect(outgoing.add(new Uint8Array(1))).toBe(false);
  expect(outgoing.add(new Uint8Array(JOIN_BELOW))).toBe(true);
  for (let at = 0; at < 3; at++) outgoing.add(new Uint8Array(JOIN_BELOW - 1));
  expect(outgoing.add(new Uint8Array(2))).toBe(true);
  expect(outgoing.isMuch).toBe(false);
  outgoing.add(new Uint8Array(512 * 1024));
  expect(outgoing.isMuch).toBe(true);
  outgoing.clear();
  expect([outgoing.isMuch, outgoing.isEmpty, outgoing.bytes]).toEqual([false, true, 0]);
  for (let at = 0; at < 1025; at++) outgoing.add(new Uint8Array(1));
  expect(outgoing.isMuch).toBe(true);
});
