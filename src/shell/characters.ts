let segmenter: Intl.Segmenter | undefined;

/** The characters of a text, as people count them: with their accents, emoji in one. */
export function charactersOf(text: string): string[] {
  // Made when first needed: that takes longer than most commands.
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
