import { Download } from "../../client/download.ts";
import { CommandFailed, Interrupted } from "../../client/errors.ts";
import type { Link } from "../../client/link.ts";
import { downloadSmall, type SmallDownload } from "../../client/small-downloads.ts";
import { Status } from "../../client/status.ts";
import { StorageError, type Path } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { checkCreatable } from "../../storage/names.ts";
import type { Options } from "../command.ts";
import type { ShellContext } from "../context.ts";
import { locationOf, type LocalPlace } from "../local-path.ts";
import type { FileProgress } from "../progress/job.ts";
import { report } from "../report.ts";
import { transferOptions } from "../transfer.ts";
import { beginFound } from "./expecting.ts";
import type { Found } from "./found.ts";
import { limitsOf, runPool, weightOf, type Turn } from "./pool.ts";
import { isSame, lookThere, noFile, type Comparison, type Known } from "./same.ts";
import type { Tally } from "./tally.ts";
import type { Targets } from "./targets.ts";
import { actOver, Together } from "./together.ts";
import type { Transferred } from "../../client/transfer.ts";
import { SMALL } from "../../storage/read-blocks.ts";

/** Small files on their way to this side. */
type SmallOnes = Together<SmallDownload, Transferred>;

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
  found: AsyncIterable<Found>,
  how: Fetching,
  tally: Tally,
): Promise<void> {
  const { storage } = how.place;
  const small: SmallOnes = new Together((files) =>
    actOver(link, files, async (session, some) => {
      const done = await downloadSmall(session, some, storage, context.signal);
      if (done.some((one) => one !== undefined)) link.progressed();
      return done;
    }),
  );
  await runPool(found, limitsOf(link), weightOf, async (item, turn) => {
    const file = beginFound(context.job, item);
    try {
      await fetchOne(context, link, item, how, tally, turn, file, small);
    } catch (error) {
      tally.failed("GET", item.shown, error);
    } finally {
      file.end();
    }
  });
}

async function fetchOne(
  context: ShellContext,
  link: Link,
  found: Found,
  how: Fetching,
  tally: Tally,
  turn: Turn,
  file: FileProgress,
  small: SmallOnes,
): Promise<void> {
  const { type, path, known, shown } = found;
  const size = known?.entry?.size;
  const { place, dryRun, options } = how;
  const { storage } = place;
  const local = [...place.path, ...how.nameOf(found)];
  const here = how.knownHere?.(local);
  if (type === "left-out") return tally.leftOut();
  if (type === "refused") {
    throw new CommandFailed(Status.refused, `It cannot be served: ${found.reason ?? "refused"}`);
  }
  if (type === "folder") {
    if (local.length === 0 || dryRun || here?.entry?.type === "folder") return;
    // Where the server lists this very folder, it would list what is made of its listing. Files
    // are sent behind it.
    turn.release();
    await found.whole;
    return makeFolder(place, local, tally);
  }
  if (path.length === 0) throw noFile("The root", { type: "folder", size: 0, mtime: 0 });
  how.targets?.claim(found, local);
  const { signal } = context;
  const { comparison } = how;
  const asks = comparison !== "never";
  const same =
    asks &&
    (await link.run((session) =>
      isSame(session, found, { storage, path: local, known: here }, comparison, signal),
    ));
  if (same) return tally.skipped();
  const target = local.join("/");
  if (dryRun) {
    const there = known ?? {
      entry: await link.run((session) => lookThere(session, { path }, signal)),
    };
    if (there.entry?.type !== "file") throw noFile(shown, there.entry);
    checkCreatable(local);
    return tally.would("get", shown, target, there.entry.size);
  }
  const done =
    (size !== undefined && size <= SMALL && storage.storeSmall !== undefined
      ? await fetchSmall({ remote: path, local }, turn, file, small)
      : undefined) ?? (await fetchAlone(context, link, found, { storage, local }, how, turn, file));
  tally.transferred(done);
  const names = { remote: shown, local: target, at: locationOf({ storage, path: local }) };
  report(context, options, "received", names, done, { one: false });
}

async function fetchSmall(
  names: SmallDownload,
  turn: Turn,
  file: FileProgress,
  small: SmallOnes,
): Promise<Transferred | undefined> {
  turn.release();
  const done = await small.add(names);
  if (done !== undefined) file.reached(done.bytes, done.bytes);
  return done;
}

function fetchAlone(
  context: ShellContext,
  link: Link,
  found: Found,
  { storage, local }: { readonly storage: Storage; readonly local: Path },
  { options }: Fetching,
  turn: Turn,
  file: FileProgress,
): Promise<Transferred> {
  if (context.signal.aborted) throw new Interrupted();
  const { path, shown, known } = found;
  const work = new Download(path, storage, local, {
    ...transferOptions(context, link, shown, options, file),
    size: known?.entry?.size,
  });
  return link.run(async (session) => {
    await turn.retake();
    const attempt = work.attempt(session);
    // What fits in a block holds nothing open before it comes.
    if (weightOf(found) === 1) turn.release();
    return attempt;
  });
}

async function makeFolder({ storage }: LocalPlace, path: Path, tally: Tally): Promise<void> {
  try {
    await storage.makeFolder(path);
    tally.madeFolder();
  } catch (error) {
    if (!(error instanceof StorageError) || error.problem !== "exists") throw error;
    if ((await storage.stat(path)).type !== "folder") throw error;
  }
}
