import { build } from "../../scripts/build.ts";
import { BINARY } from "../support/programs.ts";

let made: Promise<string> | undefined;

/** The program that can be told to fail: made once, or the one that is told to do without something. */
export function labBinary(): Promise<string> {
  made ??= process.env["SFTP_SABOTAGE"] === undefined ? build(true) : Promise.resolve(BINARY);
  return made;
}
