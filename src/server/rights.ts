import { formatDenied } from "../protocol/denied.ts";
import type { Role } from "../security/users.ts";

/**
 * What a request does to files, as far as somebody may have to be allowed it:
 * - `none`: nothing, also before the login
 * - `read`: reads them, or asks whoever has logged in for nothing
 * - `add`: makes files and folders where there are none
 * - `replace`: stores a file in the place of another
 * - `remove`: takes a name away
 */
export type Right = "none" | "read" | "add" | "replace" | "remove";

const OF_ROLES: Readonly<Record<Role, readonly Right[]>> = {
  read: ["none", "read"],
  write: ["none", "read", "add"],
  full: ["none", "read", "add", "replace", "remove"],
};

/** What is not allowed to anybody, whatever the role, and the flag that says so. */
export type Withheld = ReadonlyMap<Right, string>;

/** What one client may do. */
export class Rights {
  readonly #role: Role;
  readonly #withheld: Withheld;

  constructor(role: Role, withheld: Withheld) {
    this.#role = role;
    this.#withheld = withheld;
  }

  /** What it does not allow, as the client is told beforehand; `undefined` where that is nothing. */
  get denied(): string | undefined {
    return formatDenied((right) => this.withholderOf(right) !== undefined);
  }

  /** What stands against it, such as `the role read`; `undefined` where it is allowed. */
  withholderOf(right: Right): string | undefined {
    const flag = this.#withheld.get(right);
    if (flag !== undefined) return `the server's ${flag}`;
    return OF_ROLES[this.#role].includes(right) ? undefined : `the role ${this.#role}`;
  }
}
