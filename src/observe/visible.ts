/**
 * Control characters, line and paragraph separators, everything that changes direction, and what
 * nobody sees: joiners only where no script needs them, and the marks that make a picture of a
 * character only where there is none.
 */
const SOURCE = [
  String.raw`[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]`,
  String.raw`(?![\u200c\u200d\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}`,
  // Words of Persian and of the scripts of India are written with them, and families of faces.
  String.raw`(?<![[\p{L}\p{M}]--[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Han}]]|[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])[\u200c\u200d]`,
  String.raw`(?<!\p{Extended_Pictographic}|[0-9#*](?=[\ufe0e\ufe0f]\u20e3))[\ufe0e\ufe0f]`,
].join("|");
/** Most text is such as needs no look at its characters. */
const PLAIN = /^[ -~]*$/;

let dangerous: RegExp | undefined;

/**
 * Makes text that came from elsewhere harmless: what a terminal or a log would act on is written
 * as `\x1b` or `\u202e`. Everything that is shown goes through here.
 */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  dangerous ??= new RegExp(SOURCE, "gv");
  return text.replace(dangerous, (c) => {
    const hex = (c.codePointAt(0) ?? 0).toString(16);
    if (hex.length <= 2) return `\\x${hex.padStart(2, "0")}`;
    return hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
  });
}
