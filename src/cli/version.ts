import { version } from "../../package.json";

/** Set by the build: the commit that it was made from, in seven digits. */
declare const BUILD_COMMIT: string | undefined;

export const VERSION: string = version;

/** The program as the greeting names it. */
export const PROGRAM = `sftp/${VERSION}`;

/** What `sftp --version` prints. */
export function versionLine(): string {
  const commit = typeof BUILD_COMMIT === "string" ? BUILD_COMMIT : "development";
  return `sftp ${VERSION} (${commit}, Bun ${Bun.version})`;
}
