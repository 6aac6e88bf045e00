import { CommandFailed } from "../client/errors.ts";
import type { RemoteEntry } from "../client/listing.ts";
import type { Session } from "../client/session.ts";
import { Status } from "../client/status.ts";
import type { Path } from "../protocol/path.ts";
import type { ShellContext } from "./context.ts";
import { comparePaths } from "./listing.ts";
import type { Word } from "./parse.ts";
import { compilePattern, isPattern } from "./pattern.ts";
import { collectListing } from "./remote-look.ts";
import { parseRemotePath } from "./remote-path.ts";
import type { Several } from "./several.ts";

/** Something of the server that a word names. */
export interface Named {
  /** As the user knows it. */
  readonly name: string;
  readonly path: Path;
  /** Where a listing told of it. */
  readonly type?: RemoteEntry["type"];
}

/**
 * What words name on the server, patterns replaced by what they match. A word that names nothing
 * counts as one that failed.
 */
export async function expandRemote(
  context: ShellContext,
  session: Session,
  words: readonly Word[],
  several: Several,
): Promise<Named[]> {
  const named: Named[] = [];
  for (const word of words) {
    try {
      if (isPattern(word)) {
        const { matches } = await matchRemote(context, session, word);
        for (const { name, entry } of matches) {
          named.push({ name, path: entry.path.split("/"), type: entry.type });
        }
      } else {
        const path = parseRemotePath(word.text, context.remoteFolder);
        named.push({ name: word.text, path });
      }
    } catch (error) {
      several.fail(word.text, error);
    }
  }
  return named;
}

/** An entry that a pattern matches. */
export interface Match {
  /** Where it lies from where the pattern was typed. */
  readonly name: string;
  readonly entry: RemoteEntry;
}

/**
 * What a pattern matches on the server, sorted.
 * @returns with the folder that was looked through
 * @throws {CommandFailed} status 5, where it matches nothing
 */
export async function matchRemote(
  context: ShellContext,
  session: Session,
  { text }: Word,
): Promise<{ readonly base: Path; readonly matches: readonly Match[] }> {
  const pattern = compilePattern(text);
  const base = parseRemotePath(pattern.base, context.remoteFolder);
  const entries = await collectListing(context, session, base, { recursive: pattern.deep });
  const typed =
    pattern.base === "" || pattern.base.endsWith("/") ? pattern.base : `${pattern.base}/`;
  const matches: Match[] = [];
  for (const entry of entries.toSorted((a, b) => comparePaths(a.path, b.path))) {
    const behind = entry.path.split("/").slice(base.length);
    if (behind.length === 0 || !pattern.matches(behind)) continue;
    matches.push({ name: typed + behind.join("/"), entry });
  }
  if (matches.length > 0) return { base, matches };
  throw new CommandFailed(
    Status.notFound,
    `Nothing matches ${text}: LS tells what there is, and quotes make a name of it`,
  );
}
