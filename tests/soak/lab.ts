import { build } from "../../scripts/build.ts";
import { BINARY } from "../support/programs.ts";

let made: Promise<string> | undefined;

/**
 * The program that can be told to fail: made once, unless it is named by `SFTP_LAB_BINARY`, or is
 * what is tried anyhow, since it is to do without something.
 */
export function labBinary(): Promise<string> {
  const { SFTP_LAB_BINARY: named, SFTP_SABOTAGE: missing } = process.env;
  made ??=
    named !== undefined || missing !== undefined ? Promise.resolve(named ?? BINARY) : build(true);
  return made;
}
