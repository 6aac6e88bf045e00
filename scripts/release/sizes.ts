/** What files must stay below where they are compressed best, in bytes. */
const MOST: readonly (readonly [RegExp, number])[] = [
  [/-linux-x64\.tar\.xz$/, 42_000_000],
  // Those who take the exercise's answers take no larger ones.
  [/^submission\.zip$/, 100_000_000],
];

/** @throws where a file of a release that is compressed best is not below what it may have */
export function checkSize(name: string, size: number): void {
  const most = MOST.find(([known]) => known.test(name))?.[1] ?? Infinity;
  if (size < most) return;
  throw new Error(
    `${name} has ${size} bytes and must stay below ${most}: find what grew since ` +
      "docs/RELEASING.md was written",
  );
}
