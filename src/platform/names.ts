/**
 * Which names are a danger or another name somewhere, and which systems take for one. All systems
 * are judged at once, whichever this is: what is safe on one has to be safe on each other.
 *
 * It is no promise that all can hold a name: `< > " | ? *`, which Windows has in no name, are
 * allowed, since names with them are in use elsewhere and mean nothing else there. Windows itself
 * refuses them.
 */

/** What HFS+ passes over in names. */
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;
const CONTROL = /\p{Cc}/u;
const ASCII = /^[\0-\x7f]*$/;
const SEPARATOR = /[\\:]/;
/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file, with the superscript digits. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/** Letters, digits, hyphens and underlines of ASCII, with dots between them. */
const PLAIN = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** Whether a name is one that no system takes for anything else. */
export function isPlain(name: string): boolean {
  return PLAIN.test(name) && !DEVICE.test(name);
}

/** Why a name would be another one, or none, on some system, in words that follow it. */
export function whyNotEverywhere(name: string): string | undefined {
  if (isPlain(name)) return undefined;
  if (CONTROL.test(name)) return "holds a control character";
  if (SEPARATOR.test(name)) return "holds a backslash or a colon";
  if (/[. ]$/.test(name)) return "ends in a dot or a space";
  if (DEVICE.test(name)) return "is the name of a device on Windows";
  if (name.normalize("NFC") !== name) return "is not in Unicode's composed form (NFC)";
  return undefined;
}

/**
 * A name in the one spelling that every system which folds cases or forms of characters takes it for;
 * what HFS+ passes over in names stays in it.
 */
export function folded(name: string): string {
  return name.toUpperCase().normalize("NFC");
}

/** Spellings that a system which folds cases, or one that folds forms, takes for the same name. */
export function otherSpellings(name: string): string[] {
  const isOther = (other: string): boolean => other !== name;
  const cased = [name.toLowerCase(), name.toUpperCase()].find(isOther);
  const formed = [name.normalize("NFD"), name.normalize("NFC")].find(isOther);
  return [cased, formed].filter((other) => other !== undefined);
}

/** Whether a name has the same bytes in every encoding, and no other form than the one it has. */
export function isAscii(name: string): boolean {
  return ASCII.test(name);
}

/** A name without what some system passes over: forms of letters, what HFS+ ignores, dots at its end. */
export function bare(name: string): string {
  return name
    .normalize("NFKC")
    .replace(IGNORED, "")
    .replace(/[. ]+$/, "");
}

/**
 * A path, each name of it in one spelling of all that any system takes for the same name. Names that
 * are different everywhere may have the same.
 */
export function inOneSpelling(path: readonly string[]): string {
  return path
    .map((name) => (ASCII.test(name) ? name : bare(name)).toLowerCase().toUpperCase())
    .map((name) => name.normalize("NFKC").replace(/[. ]+$/, ""))
    .join("/");
}

/** Whether NTFS may have a name as the second one, in 8.3 form, of another. */
export function mayBeShort(name: string): boolean {
  return /~[0-9]/.test(name);
}

/** Whether a name is another one on any system. */
export function isAnywhere(name: string, other: string): boolean {
  return bare(name).toUpperCase() === other.toUpperCase();
}
