import { StorageError, type Path } from "./errors.ts";

/** What every storage says of a name, in the same words: programs and people know them. */
export const SENTENCES = {
  notFound: (name: string): string => `There is no file ${name}`,
  alreadyThere: (name: string): string => `${name} exists already`,
  notEmpty: (name: string): string => `The folder ${name} is not empty`,
};

export function notFound(path: Path): StorageError {
  return new StorageError("not-found", path, SENTENCES.notFound);
}

export function alreadyThere(path: Path): StorageError {
  return new StorageError("exists", path, SENTENCES.alreadyThere);
}

export function notEmpty(path: Path): StorageError {
  return new StorageError("not-empty", path, SENTENCES.notEmpty);
}
