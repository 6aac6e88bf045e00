import type { Defence } from "../../src/faults/faults.ts";
import type { Random } from "../support/random.ts";
import { heldDisk, slowReader, unfinishedLine } from "./attacks/patience.ts";
import { hostileNames, links, takenName, tooShort } from "./attacks/names.ts";
import { changedSource, changedWhileRead } from "./attacks/sources.ts";
import { otherKey, wrongLogin } from "./attacks/strangers.ts";
import { noStalls } from "../support/stalling-folder.ts";
import { pick, placed, Void, type Part, type Stage } from "./part.ts";

/** Something that one defence alone stands against. Throws where it gets through. */
export type Attack = (random: Random) => Promise<void>;

/** In the order in which they are tried, by the defence that each is for. */
export const ATTACKS: readonly (readonly [Defence, Attack])[] = [
  ["names", hostileNames],
  ["links", links],
  ["no-replace", takenName],
  ["size", tooShort],
  ["unchanged", changedWhileRead],
  ["resume", changedSource],
  ["pin", otherKey],
  ["login", wrongLogin],
  ["deadline", unfinishedLine],
  ["backpressure", slowReader],
  ["sync", heldDisk],
];

/** What an attack cannot be made without on this machine. */
export function whyNot(defence: Defence): string | undefined {
  return defence === "sync" ? noStalls : undefined;
}

class Attacks implements Stage {
  async trial(random: Random, index: number): Promise<string | Void> {
    const [defence, attack] = ATTACKS[index % ATTACKS.length] ?? pick(random, ATTACKS);
    if (whyNot(defence) !== undefined) return new Void(`${defence} left out`);
    try {
      await attack(random);
    } catch (error) {
      throw placed(defence, error);
    }
    return defence;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export const attacks: Part = {
  name: "attacks",
  about: "what one defence alone stands against, one after the other",
  count: 20 * ATTACKS.length,
  sample: ATTACKS.length,
  begin: async () => new Attacks(),
};
