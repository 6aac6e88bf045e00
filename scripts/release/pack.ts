import { $ } from "bun";
import { Readable } from "node:stream";
import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ZipFile } from "yazl";

/** A file of an archive: what it holds, or the file here that it is, or where it leads. */
export interface Entry {
  readonly content: string | Uint8Array | { readonly from: string } | { readonly link: string };
  readonly executable?: boolean;
}

/** The files of an archive, by their names in it. */
export type Entries = ReadonlyMap<string, Entry>;

/** Whatever is set for tar and xz elsewhere must not change what they write. */
const ENVIRONMENT = { LC_ALL: "C", TZ: "UTC", TAR_OPTIONS: "", XZ_OPT: "", XZ_DEFAULTS: "" };

/** How hard to try: `quick` is for tests, which care for the content alone. */
export type Effort = "best" | "quick";

/**
 * The same content gives the same bytes only as long as the blocks have the same size and are
 * written by threads (however many). The filter helps machine code of x86.
 */
function xzFlags(effort: Effort, x86: boolean): string[] {
  if (effort === "quick") return ["--threads=2", "-0"];
  return ["--threads=2", "--block-size=64MiB", ...(x86 ? ["--x86"] : []), "--lzma2=preset=9e"];
}

/** Lays files out in a folder. */
export async function layOut(folder: string, entries: Entries): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  for (const [name, { content, executable }] of entries) {
    const path = join(folder, name);
    // Whatever the umask is, everybody may read what is unpacked.
    makeFolders(folder, dirname(path));
    if (isLink(content)) {
      symlinkSync(content.link, path);
      continue;
    }
    await Bun.write(path, isCopied(content) ? Bun.file(content.from) : content);
    chmodSync(path, executable === true ? 0o755 : 0o644);
  }
}

function makeFolders(top: string, folder: string): void {
  if (folder !== top) makeFolders(top, dirname(folder));
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
}

export interface TarOptions {
  /** In seconds since 1970, for everything in it. */
  readonly time: number;
  readonly effort: Effort;
  /** Whether most of it is machine code of x86. */
  readonly x86: boolean;
}

/**
 * Writes a `.tar.xz` of what is named in a folder: sorted, of one owner and one time.
 * @throws where tar or xz fails, with what they said
 */
export async function packTar(
  folder: string,
  name: string,
  to: string,
  { time, effort, x86 }: TarOptions,
): Promise<void> {
  const fixed = `--sort=name --format=ustar --owner=root:0 --group=root:0 --mtime=@${time}`;
  // It fails where xz does: in a pipe, the status of one of them would be lost.
  const by = `--use-compress-program=${["xz", ...xzFlags(effort, x86)].join(" ")}`;
  const packing = await $`tar -C ${folder} ${fixed.split(" ")} ${by} -cf ${to} -- ${name}`
    .env({ ...process.env, ...ENVIRONMENT })
    .nothrow()
    .quiet();
  if (packing.exitCode === 0) return;
  throw new Error(`tar could not pack ${to}: ${packing.stderr.toString().trim()}`);
}

/** A `.zip` of files: sorted, and of one time, in seconds since 1970. */
export async function packZip(entries: Entries, time: number, effort: Effort): Promise<Uint8Array> {
  const zip = new ZipFile();
  const written = new Response(Readable.toWeb(zip.outputStream)).bytes();
  const compressionLevel = effort === "best" ? 9 : 1;
  const mtime = new UtcClock(time * 1000);
  for (const [name, { content, executable }] of [...entries].toSorted(byName)) {
    if (isLink(content)) throw new Error(`A zip for every system has no links: ${name}`);
    const bytes = isCopied(content) ? await Bun.file(content.from).bytes() : toBytes(content);
    const mode = executable === true ? 0o100755 : 0o100644;
    zip.addBuffer(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), name, {
      compressionLevel,
      mode,
      mtime,
    });
  }
  zip.end();
  return written;
}

/** The format's own times know no zone: UTC's clock is written, wherever this runs. */
class UtcClock extends Date {
  override getFullYear = (): number => this.getUTCFullYear();
  override getMonth = (): number => this.getUTCMonth();
  override getDate = (): number => this.getUTCDate();
  override getHours = (): number => this.getUTCHours();
  override getMinutes = (): number => this.getUTCMinutes();
  override getSeconds = (): number => this.getUTCSeconds();
}

function byName([a]: readonly [string, Entry], [b]: readonly [string, Entry]): number {
  return a < b ? -1 : 1;
}

function isCopied(content: Entry["content"]): content is { readonly from: string } {
  return typeof content === "object" && "from" in content;
}

function isLink(content: Entry["content"]): content is { readonly link: string } {
  return typeof content === "object" && "link" in content;
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}
