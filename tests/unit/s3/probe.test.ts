import { expect, test } from "bun:test";
import type { Conditions } from "../../../src/storage/s3/conditions.ts";
import { tryConditions } from "../../../src/storage/s3/probe.ts";
import { feignedBucket, refusal } from "./feigned.ts";

type Tagging = (puts: number) => string;

/** As stores have it that encrypt with a key of the customer or of a key service. */
const changing: Tagging = (puts) => `tag${puts}`;
const byContent: Tagging = () => "d41d8cd98f00b204e9800998ecf8427e";

/** What is found of a store that holds one object, and knows this of conditions. */
async function found(knows: Conditions, tagOf: Tagging): Promise<Conditions> {
  let puts = 0;
  let tag: string | undefined;
  using bucket = feignedBucket((_, { method, headers }) => {
    if (method === "DELETE") {
      tag = undefined;
      return new Response(null, { status: 204 });
    }
    const given = headers.get("if-match");
    const written = knows.tags === "bare" ? tag : `"${tag}"`;
    const isOther = knows.tags !== "unknown" && given !== null && given !== written;
    const isThere = knows.absent && headers.get("if-none-match") === "*" && tag !== undefined;
    if (isOther || isThere) return refusal(412, "PreconditionFailed");
    tag = tagOf(++puts);
    return new Response(null, { headers: { etag: `"${tag}"` } });
  });
  await tryConditions(bucket, "probe");
  expect(tag).toBeUndefined();
  return bucket.conditions;
}

test.each<[string, Tagging, Conditions]>([
  ["all, with tags that change with each PUT", changing, { absent: true, tags: "quoted" }],
  ["tags that change alone", changing, { absent: false, tags: "quoted" }],
  ["tags that change, without their quotes", changing, { absent: true, tags: "bare" }],
  ["that a name is free alone", changing, { absent: true, tags: "unknown" }],
  ["nothing", changing, { absent: false, tags: "unknown" }],
  ["all, with tags of the content", byContent, { absent: true, tags: "quoted" }],
  ["tags of the content without their quotes", byContent, { absent: false, tags: "bare" }],
])("a store is found to know %s", async (_, tagOf, knows) => {
  expect(await found(knows, tagOf)).toEqual(knows);
});
