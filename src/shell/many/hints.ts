import { toCommandFailed } from "../../client/errors.ts";
import { Status } from "../../client/status.ts";
import type { Output } from "../context.ts";
import type { Word } from "../parse.ts";
import { isPattern } from "../pattern.ts";
import type { Order } from "./destination.ts";

/** What to look for when something that was named is not there. */
export interface Looking {
  /** Whether the source side has something of a name. */
  readonly exists: (typed: string) => Promise<boolean>;
  /** Whether the target side has a folder of a name. */
  readonly isFolder: (typed: string) => Promise<boolean>;
}

/**
 * Says what may have been meant where something that was named is not there: one name that holds
 * blanks, or a last word that is the folder to put all into.
 * @throws {CommandFailed} where the connection is lost meanwhile
 */
export async function hintAt(
  output: Output,
  words: readonly Word[],
  order: Order,
  error: unknown,
  { exists, isFolder }: Looking,
): Promise<void> {
  const failed = toCommandFailed(error);
  const { status } = failed ?? {};
  if ((status !== Status.notFound && status !== Status.refused) || words.length < 2) return;
  const joined = words.map(({ text }) => text).join(" ");
  if (!words.some(isPattern) && (await exists(joined))) {
    output.say(`There is ${joined}: quotes around a name that holds blanks make one word of it`);
    return;
  }
  const last = words.at(-1);
  if (last === undefined || order.target !== undefined || isPattern(last)) return;
  if (await exists(last.text)) return;
  if (await isFolder(last.text)) {
    output.say(`${last.text} is taken for a source: ${last.text}/ means the folder`);
  } else if (words.length > 2 || words.some(isPattern)) {
    output.say(`${last.text} is taken for a source: ${last.text}/ makes a folder for all of them`);
  }
}
