/** What the program is called where nothing else is known. */
const USUAL = "sftp";
/** A word that a shell takes as it stands. */
const WORD = /^[a-z][\w-]{0,63}$/i;
/** What runs the sources, and executables named for a system or the laboratory: nobody types those. */
const NOT_TYPED = /^(?:bunx?|node|sftp)-|^(?:bunx?|node)$/i;

/**
 * The name to type to start the program again: as it was started, by its last part, since another
 * program may have its usual name (OpenSSH's has).
 * @param argv0 the first word of what started it
 */
export function calledBy(argv0: string): string {
  const last = argv0.slice(Math.max(argv0.lastIndexOf("/"), argv0.lastIndexOf("\\")) + 1);
  // Each pattern takes 0.05 ms of every start, and this is what most have typed.
  if (last === USUAL) return USUAL;
  const name = last.replace(/\.exe$/i, "");
  return WORD.test(name) && !NOT_TYPED.test(name) ? name : USUAL;
}

/** The name to type to start this program. */
export const CALLED: string = calledBy(process.argv0);
