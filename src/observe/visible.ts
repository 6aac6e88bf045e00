/** Control characters, line and paragraph separators, and everything that changes direction. */
const DANGEROUS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;

/**
 * Makes text that came from elsewhere harmless: what a terminal or a log would act on is written
 * as `\x1b` or `\u202e`. Everything that is shown goes through here.
 */
export function visible(text: string): string {
  return text.replace(DANGEROUS, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}
