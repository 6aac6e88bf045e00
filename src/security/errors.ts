/** What kind of thing is wrong, for whoever has to choose an exit status or a reply. */
export type SecurityProblem =
  /** There is no such file or entry. */
  | "not-found"
  /** Others than the owner can read or change what must be the owner's alone. */
  | "insecure"
  /** What a file holds, or what was given, is not what it has to be. */
  | "invalid"
  /** It is there already. */
  | "exists"
  /** The system does not permit it. */
  | "denied"
  /** The other side did not prove what it had to. */
  | "refused"
  /** The system failed in another way. */
  | "failed";

/** Something about secrets, identities or users, in words for a person. Secrets are never in it. */
export class SecurityError extends Error {
  override readonly name: string = "SecurityError";
  readonly problem: SecurityProblem;

  constructor(problem: SecurityProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

const PROBLEMS: Readonly<Record<string, readonly [SecurityProblem, string]>> = {
  ENOENT: ["not-found", "there is no such file"],
  ENOTDIR: ["not-found", "a part of the path is not a folder"],
  EACCES: ["denied", "the system does not permit it"],
  EPERM: ["denied", "the system does not permit it"],
  EROFS: ["denied", "the file system is read-only"],
  EEXIST: ["exists", "something else has its name"],
  EISDIR: ["invalid", "it is a folder"],
  ELOOP: ["invalid", "its links lead in a circle"],
  ENXIO: ["invalid", "it is not a regular file"],
  ENOSPC: ["failed", "there is no space left"],
  EDQUOT: ["failed", "the quota of the disk leaves no space"],
};

/**
 * A system's error as one that a person can be told; any other is passed on.
 * @param doing what failed, such as `Cannot read users.txt`
 */
export function fromSystem(error: unknown, doing: string): unknown {
  const code = codeOf(error);
  if (code === undefined || error instanceof SecurityError) return error;
  const [problem, words] = PROBLEMS[code] ?? (["failed", `the system failed (${code})`] as const);
  return new SecurityError(problem, `${doing}: ${words}`);
}

/** The code of a system's error, such as `ENOENT`; `undefined` for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
