import type { Word } from "../parse.ts";
import type { Found } from "./found.ts";
import type { Tally } from "./tally.ts";

/**
 * What several words stand for, one after the other. One that stands for nothing does not stop the
 * others.
 */
export async function* findEach<F extends Found>(
  words: readonly Word[],
  tally: Tally,
  verb: string,
  find: (word: Word) => AsyncIterable<readonly F[]>,
): AsyncGenerator<readonly F[]> {
  for (const word of words) {
    try {
      yield* find(word);
    } catch (error) {
      tally.failed(verb, word.text, error);
    }
  }
}
