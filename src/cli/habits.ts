import { CALLED } from "../platform/called.ts";

/** Flags that OpenSSH's sftp takes before the host. */
const OPENSSH_FLAG = /^-[1246ABCDFJNPRSXabcfilopqrsv]/;
/** What it takes as a destination: `[user@]host[:path]`, or a URI. */
const DESTINATION = /^sftp:\/\/|[@:]|^[\w-]+(?:\.[\w-]+)+$/;

/**
 * Explains what is right for OpenSSH's sftp, and not here.
 * @param argv the command line
 * @returns `undefined` where it is nothing of that kind
 */
export function openSshHabit(argv: readonly string[]): string | undefined {
  const [first = ""] = argv;
  const isFlag = OPENSSH_FLAG.test(first);
  if (!isFlag && !DESTINATION.test(first)) return undefined;
  const destination = argv.findLast((word) => /@/.test(word)) ?? (isFlag ? "" : first);
  const host = /^(?:sftp:\/\/)?((?:[\w.-]+@)?[\w.-]+)/.exec(destination)?.[1] ?? "HOST";
  return (
    `${CALLED} ${first} is how OpenSSH's sftp is started, which speaks another protocol. This is Simple ` +
    `FTP: ${CALLED} connect ${host}:12000 opens a server that ${CALLED} serve runs; for OpenSSH's, run ` +
    "/usr/bin/sftp"
  );
}
