/** What is demanded of what has a name already. */
export interface Condition {
  /** Nothing may have it. */
  readonly absent?: boolean;
  /** It must be the object with this tag. */
  readonly etag?: string | undefined;
}

/** Which conditions a store knows when it stores something. */
export interface Conditions {
  /** That nothing has the name. */
  readonly absent: boolean;
  /** How the tag of what has it is written: RFC 9110 has it in quotes, and some know it only bare. */
  readonly tags: "quoted" | "bare" | "unknown";
}

/** The headers that demand a condition, as far as the store knows it. */
export function headersOf(
  { absent, etag }: Condition,
  { tags }: Conditions,
): Record<string, string> {
  const tag = tags === "bare" ? etag?.replaceAll('"', "") : tags === "quoted" ? etag : undefined;
  return {
    ...(absent === true ? { "if-none-match": "*" } : {}),
    ...(tag === undefined ? {} : { "if-match": tag }),
  };
}
