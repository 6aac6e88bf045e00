import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { CommandEnd } from "../../src/shell/command-end.ts";
import { BadCommandLine, parseCommands } from "../../src/shell/parse.ts";

/** Whether what was typed so far cannot be read, but might be with more behind it. */
function isUnfinished(text: string): boolean {
  try {
    parseCommands(text.replace(/\r$/, ""));
    return false;
  } catch (error) {
    if (error instanceof BadCommandLine) return true;
    throw error;
  }
}

test("CommandEnd finds where the commands of any text end as their parser does", () => {
  const piece = fc.constantFrom("\\", "'", '"', "\n", "\r\n", "!", "#", ";", "-", "@", " ", "a");
  const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));
  fc.assert(
    fc.property(text, (typed) => {
      const end = new CommandEnd();
      let begun = "";
      for (const line of typed.split("\n")) {
        const goesOn = end.goesOn(line.replace(/\r$/, ""));
        expect(goesOn).toBe(isUnfinished(begun + line));
        begun = goesOn ? `${begun}${line}\n` : "";
      }
    }),
    { numRuns: 20_000 },
  );
});
