import { StorageError, type Path, type Problem } from "../errors.ts";
import { SENTENCES } from "../refusals.ts";

const PROBLEMS: Readonly<Record<string, readonly [Problem, (name: string) => string]>> = {
  ENOENT: ["not-found", SENTENCES.notFound],
  ENOTDIR: ["not-a-file", (name) => `A part of ${name} is not a folder, or a link`],
  ELOOP: ["not-a-file", (name) => `${name} is a link, and links are not followed`],
  EISDIR: ["not-a-file", (name) => `${name} is a folder`],
  ENXIO: ["not-a-file", (name) => `${name} is not a regular file`],
  EACCES: ["denied", (name) => `The system does not permit this with ${name}`],
  EPERM: ["denied", (name) => `The system does not permit this with ${name}`],
  EROFS: ["denied", (name) => `${name} lies on a file system that is read-only`],
  EXDEV: ["denied", (name) => `${name} lies on another file system than the rest of the root`],
  EAGAIN: ["denied", (name) => `${name} is locked by another program`],
  ETXTBSY: ["denied", (name) => `${name} is being executed`],
  EBUSY: ["denied", (name) => `${name} is in use by the system`],
  EEXIST: ["exists", SENTENCES.alreadyThere],
  ENOTEMPTY: ["not-empty", SENTENCES.notEmpty],
  ENOSPC: ["space", (name) => `There is no space left for ${name}`],
  EDQUOT: ["space", (name) => `The quota of the disk leaves no space for ${name}`],
  EFBIG: ["space", (name) => `${name} is larger than the file system can hold`],
  ENAMETOOLONG: ["name", (name) => `The name ${name} is too long for the file system`],
  EILSEQ: ["name", (name) => `The file system cannot hold the name ${name}`],
  EINVAL: ["name", (name) => `The file system cannot hold the name ${name}`],
  // What the runtime says itself of a name with a NUL in it.
  ERR_INVALID_ARG_VALUE: ["name", (name) => `The file system cannot hold the name ${name}`],
  EMFILE: ["failed", (name) => `Too many files are open to open ${name}: try again later`],
  ENFILE: ["failed", (name) => `Too many files are open to open ${name}: try again later`],
};

/** The one place where a system's error becomes a storage's. Other errors are passed on. */
export function fromSystem(error: unknown, path: Path): unknown {
  if (error instanceof StorageError) return error;
  const code = errnoOf(error);
  if (code === undefined) return error;
  const known = PROBLEMS[code];
  return known === undefined
    ? new StorageError("failed", path, (name) => `The system failed with ${name}: ${code}`)
    : new StorageError(known[0], path, known[1]);
}

/** The code of a system's error, such as `ENOENT`; `undefined` for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
