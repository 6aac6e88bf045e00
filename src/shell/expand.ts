import type { Session } from "../client/session.ts";
import type { Path } from "../protocol/path.ts";
import type { ShellContext } from "./context.ts";
import type { Word } from "./parse.ts";
import { parseRemotePath } from "./remote-path.ts";
import type { Several } from "./several.ts";

/** Something of the server that a word names. */
export interface Named {
  /** As the user knows it. */
  readonly name: string;
  readonly path: Path;
}

/** What words name on the server. A word that names nothing counts as one that failed. */
export async function expandRemote(
  { remoteFolder }: ShellContext,
  _session: Session,
  words: readonly Word[],
  several: Several,
): Promise<Named[]> {
  const named: Named[] = [];
  for (const { text } of words) {
    try {
      named.push({ name: text, path: parseRemotePath(text, remoteFolder) });
    } catch (error) {
      several.fail(text, error);
    }
  }
  return named;
}
