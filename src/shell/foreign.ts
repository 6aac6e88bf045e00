import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";

const AS_THEY_ARE = "all files go as they are, byte for byte";

/** Words of ftp(1) that set what needs no setting here: scripts go on behind them. */
const NEEDLESS: ReadonlyMap<string, string> = new Map([
  ["ASCII", AS_THEY_ARE],
  ["BIN", AS_THEY_ARE],
  ["BINARY", AS_THEY_ARE],
  ["HASH", "each transfer says what has become of it"],
  ["PASSIVE", "everything goes over the one connection that the client opens"],
  ["PROMPT", "nothing asks before each file, except MGET and MPUT with -i"],
  ["TYPE", AS_THEY_ARE],
]);

/** Words of ftp(1) for what is done by others here. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["QUOTE", "nothing is sent to the server as it is typed: HELP lists what there is"],
  ["REGET", "type GET again, which goes on where it was interrupted"],
  ["RESTART", "type GET or PUT again, which goes on where it was interrupted"],
  ["USER", "type the name with the address, such as OPEN anna@192.0.2.7:12000"],
]);

/**
 * What to say of a word of ftp(1) that is no command here and needs none; `undefined` for others.
 * @throws {CommandFailed} status 2, saying what to type in place of it
 */
export function foreignWord(name: string): string | undefined {
  const upper = name.toUpperCase();
  const instead = INSTEAD.get(upper);
  if (instead !== undefined) {
    throw new CommandFailed(Status.usage, `There is no command ${name}: ${instead}`);
  }
  const needless = NEEDLESS.get(upper);
  return needless === undefined ? undefined : `${upper} is not needed: ${needless}.`;
}
