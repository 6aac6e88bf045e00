/** A path in its parts, from the storage's root; none is the root itself. */
export type Path = readonly string[];

/**
 * What can go wrong in a storage:
 * - `not-found`: there is nothing under that name
 * - `not-a-file`: a folder where a file is wanted, the reverse, or a link or a device
 * - `name`: a name that is not allowed
 * - `denied`: the system refuses
 * - `exists`: something is there already
 * - `not-empty`: the folder holds something
 * - `space`: no room
 * - `quota`: more than is allowed here
 * - `changed`: the file changed while it was read
 * - `taken`: somebody else went on with this upload
 * - `mismatch`: a digest or a size is wrong
 * - `failed`: the storage's own trouble
 */
export type Problem =
  | "not-found"
  | "not-a-file"
  | "name"
  | "denied"
  | "exists"
  | "not-empty"
  | "space"
  | "quota"
  | "changed"
  | "taken"
  | "mismatch"
  | "failed";

/** Every error that a storage throws. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly problem: Problem;
  readonly path: Path;
  readonly #sentence: (name: string) => string;

  /** @param sentence says what is wrong, given the path in the form that the reader knows. */
  constructor(problem: Problem, path: Path, sentence: (name: string) => string) {
    super(sentence(path.join("/")));
    this.problem = problem;
    this.path = path;
    this.#sentence = sentence;
  }

  /** The message with the path in another form, such as percent-encoded. */
  describe(format: (path: Path) => string): string {
    return this.#sentence(this.path.length === 0 ? "the root" : format(this.path));
  }
}
