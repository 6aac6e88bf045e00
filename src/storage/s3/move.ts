import { StorageError, type Path } from "../errors.ts";
import { checkChangeable, checkCreatable } from "../names.ts";
import { alreadyThere, notFound } from "../refusals.ts";
import { copyObject, type CopySizes } from "./copy.ts";
import { itemOf, keptOf, withKept } from "./metadata.ts";
import { removeSide, type PublishContext } from "./publish.ts";
import { digestOf } from "./source.ts";

/**
 * Moves a file to a name that is free: a copy in the store, and then the old name goes. A folder is
 * refused: thousands of copies could fail half way.
 */
export async function moveFile(
  context: PublishContext,
  from: Path,
  to: Path,
  sizes?: CopySizes,
): Promise<void> {
  checkChangeable(from);
  checkCreatable(to);
  const { keys, locks } = context;
  await check(context, from, to);
  // Servers that move one file, or to one name, do that one after the other.
  await locks.run([keys.file(from), keys.file(to)], () => move(context, from, to, sizes));
}

async function check({ tree }: PublishContext, from: Path, to: Path): Promise<void> {
  const [source, target, parent] = await Promise.all([
    tree.find(from),
    tree.find(to),
    tree.find(to.slice(0, -1)),
  ]);
  if (source === undefined) throw notFound(from);
  if (source.type === "folder" && from.every((part, index) => part === to[index])) {
    throw new StorageError("name", to, (name) => `A folder cannot move into itself, to ${name}`);
  }
  if (parent === undefined) {
    throw new StorageError("not-found", to, (name) => `There is no folder for ${name}`);
  }
  if (target !== undefined) throw alreadyThere(to);
  if (source.type === "file") return;
  throw new StorageError(
    "denied",
    from,
    (name) => `${name} is a folder, and an object store moves files alone: move what is in it`,
  );
}

async function move(
  context: PublishContext,
  from: Path,
  to: Path,
  sizes: CopySizes | undefined,
): Promise<void> {
  const { bucket, keys, tree } = context;
  const [source, target] = [keys.file(from), keys.file(to)];
  const [info, there] = await Promise.all([bucket.head(source), bucket.head(target)]);
  if (info === undefined) throw notFound(from);
  if (there !== undefined) throw alreadyThere(to);
  const { exec, side } = keptOf(info);
  // All that is known goes with it now; the time of storing would be another.
  const { mtime } = itemOf(info);
  const digest = await digestOf(context, from, info);
  const headers = withKept(info, { mtime, exec, digest });
  await copyObject(bucket, source, info, target, headers, sizes);
  tree.madeFile(to);
  await tree.keepParent(from);
  const now = await bucket.head(source);
  // Somebody has stored another file meanwhile, which is not the one that was moved.
  if (now !== undefined && now.etag !== info.etag) return;
  await bucket.delete(source);
  if (side !== undefined) await removeSide(context, side);
}
