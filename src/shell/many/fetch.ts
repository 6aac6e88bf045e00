import { Download } from "../../client/download.ts";
import { CommandFailed, Interrupted } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import type { Session } from "../../client/session.ts";
import type { SmallDownload } from "../../client/small-download.ts";
import { downloadSmall } from "../../client/small-downloads.ts";
import { Status } from "../../client/status.ts";
import { StorageError, type Path } from "../../storage/errors.ts";
import { checkCreatable } from "../../storage/names.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { locationOf, type LocalPlace } from "../local-path.ts";
import type { FileProgress } from "../progress/job.ts";
import { isToldOfEach, report } from "../report.ts";
import { transferOptions } from "../transfer.ts";
import type { Found } from "./found.ts";
import { Mover, type Moving } from "./mover.ts";
import { weightOf, type Turn } from "./pool.ts";
import {
  isKnownToDiffer,
  isSame,
  lookHere,
  lookThere,
  noFile,
  type Comparison,
  type Known,
} from "./same.ts";
import type { Tally } from "./tally.ts";
import type { Targets } from "./targets.ts";
import type { Transferred, Watcher } from "../../client/transfer.ts";

/** How to get several files. */
export interface Fetching {
  readonly place: LocalPlace;
  /** Where something that was found goes, behind the place's own path. */
  readonly nameOf: (found: Found) => Path;
  /** Of several sources, which may meet. */
  readonly targets?: Targets;
  /** What is known of a place on this side already. */
  readonly knownHere?: (local: Path) => { readonly entry: Known };
  readonly comparison: Comparison;
  readonly dryRun: boolean;
  readonly options: Options;
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

class Fetcher extends Mover<Found, Wanted> {
  protected readonly verb = "GET";
  protected readonly comparison: Comparison;
  readonly #how: Fetching;
  /** Folders that were not there before any of this. */
  readonly #missing = new WeakSet<Found>();
  /** Of those that are not there, the ones that lie in no other. */
  readonly #missingTops = new Set<string>();

  constructor(context: ShellContext, link: Link, how: Fetching, tally: Tally) {
    super(context, link, tally);
    this.#how = how;
    this.comparison = how.comparison;
  }

  /** Looks which folders are to be made before anything makes them on its way. */
  override async all(found: AsyncIterable<readonly Found[]>): Promise<void> {
    await super.all(this.#lookedAt(found));
  }

  protected canTogether(): boolean {
    const { place, dryRun } = this.#how;
    return !dryRun && place.storage.storeSmall !== undefined;
  }

  protected isKnownToDiffer(found: Found): boolean {
    const here = this.#how.knownHere?.(this.#localOf(found));
    return isKnownToDiffer(found.known?.entry, here, this.comparison);
  }

  protected begin(found: Found, file: FileProgress): Wanted {
    return { found, file, remote: found.path, local: this.#localOf(found) };
  }

  protected claim({ found, local }: Wanted): void {
    this.#how.targets?.claim(found, local);
  }

  protected async isSame({ found, local: path }: Wanted): Promise<boolean> {
    const { comparison } = this;
    if (comparison === "never") return false;
    const { signal } = this.context;
    const here = { storage: this.#how.place.storage, path, known: this.#how.knownHere?.(path) };
    return this.link.run((session) => isSame(session, found, here, comparison, signal));
  }

  protected moveSmall(session: Session, files: readonly Wanted[], watcher: Watcher<Wanted>) {
    return downloadSmall(session, files, this.#how.place.storage, this.context.signal, watcher);
  }

  protected async move(found: Found, file: FileProgress, turn: Turn): Promise<void> {
    const { type, path, known, shown } = found;
    const { place, knownHere, dryRun } = this.#how;
    const { link, tally } = this;
    if (type === "left-out") return tally.leftOut();
    if (type === "refused") {
      throw new CommandFailed(Status.refused, `It cannot be served: ${found.reason ?? "refused"}`);
    }
    const wanted = this.begin(found, file);
    const { local } = wanted;
    if (type === "folder") {
      if (local.length === 0 || knownHere?.(local).entry?.type === "folder") return;
      if (dryRun) {
        checkCreatable(local);
        if (this.#missing.has(found)) tally.wouldMake(local.join("/"));
        return;
      }
      // Where the server lists this very folder, it would list what is made of its listing. Files
      // are sent behind it.
      turn.release();
      await found.whole;
      await makeFolder(place, local);
      if (this.#missing.has(found)) tally.madeFolder();
      return;
    }
    if (path.length === 0) throw noFile("The root", { type: "folder", size: 0, mtime: 0 });
    this.claim(wanted);
    if (await this.isSame(wanted)) return tally.skipped();
    if (dryRun) {
      const { signal } = this.context;
      const there = known ?? {
        entry: await link.run((session) => lookThere(session, { path }, signal)),
      };
      if (there.entry?.type !== "file") throw noFile(shown, there.entry);
      checkCreatable(local);
      return tally.would("get", shown, local.join("/"), there.entry.size);
    }
    this.moved(wanted, await this.moveAlone(wanted, turn));
  }

  protected async moveAlone(wanted: Wanted, turn: Turn): Promise<Transferred> {
    const { found, remote, local, file } = wanted;
    const { context, link } = this;
    if (context.signal.aborted) throw new Interrupted();
    const { place, options } = this.#how;
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

  protected moved({ found, local }: Wanted, done: Transferred): void {
    this.tally.transferred(done);
    if (!isToldOfEach(this.context, this.#how.options)) return;
    const at = locationOf({ storage: this.#how.place.storage, path: local });
    const names = { remote: found.shown, local: local.join("/"), at };
    report(this.context, this.#how.options, "received", names, done, { one: false });
  }

  async *#lookedAt(found: AsyncIterable<readonly Found[]>): AsyncGenerator<readonly Found[]> {
    const { place, knownHere } = this.#how;
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
    const known = this.#how.knownHere?.(local);
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
    const { storage } = this.#how.place;
    const there = await lookHere({ storage, path }).catch(() => undefined);
    return there?.type === "folder";
  }

  #localOf(found: Found): Path {
    const { place, nameOf } = this.#how;
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
