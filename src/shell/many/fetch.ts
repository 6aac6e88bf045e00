import { Download } from "../../client/download.ts";
import { Interrupted } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import type { Session } from "../../client/session.ts";
import type { SmallDownload } from "../../client/small-download.ts";
import { downloadSmall } from "../../client/small-downloads.ts";
import { StorageError, type Path } from "../../storage/errors.ts";
import { checkCreatable } from "../../storage/names.ts";
import type { ShellContext } from "../context.ts";
import { locationOf, type LocalPlace } from "../local-path.ts";
import type { FileProgress } from "../progress/job.ts";
import type { Places } from "../report.ts";
import { transferOptions } from "../transfer.ts";
import type { Found } from "./found.ts";
import { Mover, type How, type Moving } from "./mover.ts";
import { weightOf, type Turn } from "./pool.ts";
import { isKnownToDiffer, isSame, lookHere, lookThere, noFile, type Known } from "./same.ts";
import type { Tally } from "./tally.ts";
import type { Transferred, Watcher } from "../../client/transfer.ts";

/** How to get several files. */
export interface Fetching extends How {
  readonly place: LocalPlace;
  /** Where something that was found goes, behind the place's own path. */
  readonly nameOf: (found: Found) => Path;
  /** What is known of a place on this side already. */
  readonly knownHere?: (local: Path) => { readonly entry: Known };
}

/** Gets what was found, as it is found: many files are asked for before the first has come. */
export async function fetchAll(
  context: ShellContext,
  link: Link,
  found: AsyncIterable<readonly Found[]>,
  how: Fetching,
  tally: Tally,
): Promise<void> {
  await new Fetcher(context, link, how, tally).all(found);
}

/** A file that is to come to this side. */
interface Wanted extends SmallDownload, Moving<Found> {}

class Fetcher extends Mover<Found, Wanted, Fetching> {
  protected readonly verb = "GET";
  /** Folders that were not there before any of this. */
  readonly #missing = new WeakSet<Found>();
  /** Of those that are not there, the ones that lie in no other. */
  readonly #missingTops = new Set<string>();

  /** Looks which folders are to be made before anything makes them on its way. */
  override async all(found: AsyncIterable<readonly Found[]>): Promise<void> {
    await super.all(this.#lookedAt(found));
  }

  protected canTogether(): boolean {
    const { place, dryRun } = this.how;
    return !dryRun && place.storage.storeSmall !== undefined;
  }

  protected isKnownToDiffer(found: Found): boolean {
    const here = this.how.knownHere?.(this.#localOf(found));
    return isKnownToDiffer(found.known?.entry, here, this.how.comparison);
  }

  protected begin(found: Found, file: FileProgress): Wanted {
    const { type, path } = found;
    if (type === "file" && path.length === 0) {
      throw noFile("The root", { type: "folder", size: 0, mtime: 0 });
    }
    return { found, file, remote: path, local: this.#localOf(found) };
  }

  protected targetOf({ local }: Wanted): Path {
    return local;
  }

  protected isSameOver(session: Session, { found, local: path }: Wanted): Promise<boolean> {
    const { place, knownHere, comparison } = this.how;
    const here = { storage: place.storage, path, known: knownHere?.(path) };
    return isSame(session, found, here, comparison, this.context.signal);
  }

  protected moveSmall(session: Session, files: readonly Wanted[], watcher: Watcher<Wanted>) {
    return downloadSmall(session, files, this.how.place.storage, this.context.signal, watcher);
  }

  protected async moveFolder({ found, local }: Wanted, turn: Turn): Promise<void> {
    const { place, knownHere, dryRun } = this.how;
    if (local.length === 0 || knownHere?.(local).entry?.type === "folder") return;
    if (dryRun) {
      checkCreatable(local);
      if (this.#missing.has(found)) this.tally.wouldMake(local.join("/"));
      return;
    }
    // Where the server lists this very folder, it would list what is made of its listing. Files
    // are sent behind it.
    turn.release();
    await found.whole;
    await makeFolder(place, local);
    if (this.#missing.has(found)) this.tally.madeFolder();
  }

  protected async wouldMove({ found, local }: Wanted): Promise<void> {
    const { path, known, shown } = found;
    const { signal } = this.context;
    const there = known ?? {
      entry: await this.link.run((session) => lookThere(session, { path }, signal)),
    };
    if (there.entry?.type !== "file") throw noFile(shown, there.entry);
    checkCreatable(local);
    this.tally.would("get", shown, local.join("/"), there.entry.size);
  }

  protected async moveAlone(wanted: Wanted, turn: Turn): Promise<Transferred> {
    const { found, remote, local, file } = wanted;
    const { context, link } = this;
    if (context.signal.aborted) throw new Interrupted();
    const { place, options } = this.how;
    const work = new Download(remote, place.storage, local, {
      ...transferOptions(context, link, found.shown, options, file),
      size: found.known?.entry?.size,
    });
    return link.run(async (session) => {
      await turn.retake();
      const attempt = work.attempt(session);
      // What fits in a block holds nothing open before it comes.
      if (weightOf(found) === 1) turn.release();
      return attempt;
    });
  }

  protected placesOf({ found, local }: Wanted): Places {
    const at = locationOf({ storage: this.how.place.storage, path: local });
    return { remote: found.shown, local: local.join("/"), at };
  }

  async *#lookedAt(found: AsyncIterable<readonly Found[]>): AsyncGenerator<readonly Found[]> {
    const { place, knownHere } = this.how;
    // What lists what a folder holds knows nothing of the folder itself, which comes last.
    const isNew = knownHere !== undefined && !(await this.#isThere(place.path));
    for await (const some of found) {
      // One after the other: what is in a folder that is to be made needs no look.
      for (const item of some) {
        if (item.type !== "folder") continue;
        const local = this.#localOf(item);
        const isItself = knownHere !== undefined && local.length === place.path.length;
        if (isItself ? isNew : await this.#isMissing(local)) this.#missing.add(item);
      }
      yield some;
    }
  }

  async #isMissing(local: Path): Promise<boolean> {
    if (local.length === 0) return false;
    const known = this.how.knownHere?.(local);
    if (known !== undefined) return known.entry?.type !== "folder";
    const name = local.join("/");
    for (let at = name.indexOf("/"); at > 0; at = name.indexOf("/", at + 1)) {
      if (this.#missingTops.has(name.slice(0, at))) return true;
    }
    if (await this.#isThere(local)) return false;
    this.#missingTops.add(name);
    return true;
  }

  async #isThere(path: Path): Promise<boolean> {
    const { storage } = this.how.place;
    const there = await lookHere({ storage, path }).catch(() => undefined);
    return there?.type === "folder";
  }

  #localOf(found: Found): Path {
    const { place, nameOf } = this.how;
    return [...place.path, ...nameOf(found)];
  }
}

async function makeFolder({ storage }: LocalPlace, path: Path): Promise<void> {
  try {
    await storage.makeFolder(path);
  } catch (error) {
    if (!(error instanceof StorageError) || error.problem !== "exists") throw error;
    if ((await storage.stat(path)).type !== "folder") throw error;
  }
}
