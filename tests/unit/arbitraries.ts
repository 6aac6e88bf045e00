import * as fc from "fast-check";
import { formatRequest, type AnyRequest } from "../../src/protocol/request.ts";

/** A part of a path that the wire can carry. */
const part = fc
  .string({ unit: "binary", minLength: 1, maxLength: 12 })
  .map((text) => text.replaceAll(/[/\0]/g, "_"));

const path = fc.array(part, { minLength: 1, maxLength: 4 });
const somePath = fc.array(part, { maxLength: 4 });

const yes = fc.constant(true as const);
const number = fc.maxSafeNat();
const hexDigit = fc.constantFrom(..."0123456789abcdef");
const partKey = fc.string({ unit: hexDigit, minLength: 32, maxLength: 32 });

/** A request and the line that asks for it, LF included, but for PUT. */
export const bodilessRequest: fc.Arbitrary<{ request: AnyRequest; line: string }> = fc.oneof(
  fc.tuple(path, fc.record({ offset: number }, { requiredKeys: [] })).map(([path, keys]) => ({
    request: { verb: "GET", path, keys } as const,
    line: formatRequest("GET", path, keys),
  })),
  fc.tuple(path, partKey).map(([path, part]) => ({
    request: { verb: "HELD", path, keys: { part } } as const,
    line: formatRequest("HELD", path, { part }),
  })),
  fc.tuple(somePath, fc.array(part, { minLength: 1, maxLength: 64 })).map(([path, names]) => ({
    request: { verb: "PACK", path, keys: { names } } as const,
    line: formatRequest("PACK", path, { names }),
  })),
  fc.tuple(somePath, fc.record({ recursive: yes }, { requiredKeys: [] })).map(([path, keys]) => ({
    request: { verb: "LIST", path, keys } as const,
    line: formatRequest("LIST", path, keys),
  })),
  fc
    .tuple(somePath, fc.record({ digest: yes, upto: number }, { requiredKeys: [] }))
    .map(([path, keys]) => ({
      request: { verb: "STAT", path, keys } as const,
      line: formatRequest("STAT", path, keys),
    })),
  fc.tuple(fc.constantFrom("MKDIR", "DELETE"), path).map(([verb, path]) => ({
    request: { verb, path, keys: {} } as const,
    line: formatRequest(verb, path, {}),
  })),
  fc.tuple(path, path).map(([path, to]) => ({
    request: { verb: "RENAME", path, keys: { to } } as const,
    line: formatRequest("RENAME", path, { to }),
  })),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => {
    const keys = { data: Buffer.from(bytes).toString("base64url") };
    return {
      request: { verb: "AUTH", path: [], keys } as const,
      line: formatRequest("AUTH", [], keys),
    };
  }),
  fc.constantFrom("ABORT", "NOOP", "QUIT").map((verb) => ({
    request: { verb, path: [], keys: {} } as const,
    line: formatRequest(verb, [], {}),
  })),
);

/**
 * A PUT and its line.
 * @param size bytes that are to come behind the offset that it may have, where that is named
 */
export function putRequest(
  size: number | undefined,
): fc.Arbitrary<{ request: AnyRequest; line: string }> {
  const attributes = fc.record(
    {
      mtime: fc.maxSafeNat(),
      exec: yes,
      if: fc.constant("absent" as const),
      part: partKey,
      offset: fc.nat(),
    },
    { requiredKeys: [] },
  );
  return fc.tuple(path, attributes).map(([path, others]) => {
    const whole =
      size === undefined ? {} : { size: Math.min(size + (others.offset ?? 0), 2 ** 53 - 1) };
    const keys = { ...whole, ...others };
    return { request: { verb: "PUT", path, keys }, line: formatRequest("PUT", path, keys) };
  });
}

/** Any request and its line. */
export const anyRequest: fc.Arbitrary<{ request: AnyRequest; line: string }> = fc.oneof(
  bodilessRequest,
  fc.option(fc.maxSafeNat(), { nil: undefined }).chain(putRequest),
);

/** Bytes, in the pieces that they lie in. */
export function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => bytes.slice(places[index], end));
}

/** Where to cut a stream. */
export const cuts = fc.array(fc.nat(), { maxLength: 12 });

/** Changes to a stream: what is put in place of what. */
export const changes = fc.array(
  fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) }),
  { minLength: 1, maxLength: 3 },
);

/** A stream with changes made to it. */
export function mutate(
  bytes: Uint8Array,
  list: readonly { at: number; remove: number; insert: Uint8Array }[],
): Uint8Array {
  let result = Buffer.from(bytes);
  for (const { at, remove, insert } of list) {
    const start = at % (result.length + 1);
    result = Buffer.concat([result.subarray(0, start), insert, result.subarray(start + remove)]);
  }
  return result;
}
