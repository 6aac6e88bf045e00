import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const TOP = join(import.meta.dir, "../..");

const ABOUT_BUN = `This program contains Bun ${Bun.version} (MIT licence), and with it JavaScriptCore and other parts under
licences of their own, among them the LGPL 2: https://bun.com/docs/project/license names them all.
It also contains these packages, or parts of them.
`;

/** Licences whose text is the same for all, whoever wrote what they are of. */
const SAME_FOR_ALL = new Set(["Apache-2.0", "BSL-1.0", "MPL-2.0"]);

/** A package that is part of the program. */
interface Package {
  readonly name: string;
  readonly version: string;
  /** What it is licensed under by its own word, such as `MIT`. */
  readonly license: string | undefined;
  /** The licence's text, where the package brings it. */
  readonly text: string | undefined;
  /** What it wants to be told beside the licence. */
  readonly notice: string | undefined;
}

/**
 * The licences of everything that is in the program and that others have written.
 * @param top the folder of the program's `package.json`
 * @throws where a package does not say what it is licensed under
 */
export function notices(top = TOP): string {
  const all = packages(top);
  const byText = new Map<string, string[]>();
  // Those without a text last: what they point to is above them.
  for (const one of [...all.filter(hasText), ...all.filter((other) => !hasText(other))]) {
    const told = [one.text ?? withoutText(one, all), one.notice];
    const text = told.filter((part) => part !== undefined).join("\n\n");
    const names = byText.get(text) ?? [];
    names.push(nameOf(one));
    byText.set(text, names);
  }
  const rule = "-".repeat(80);
  const parts = Array.from(byText, ([text, names]) => `${names.join("\n")}\n\n${text}\n`);
  return [ABOUT_BUN, ...parts].join(`\n${rule}\n\n`);
}

function hasText({ text }: Package): boolean {
  return text !== undefined;
}

function nameOf({ name, version }: Package): string {
  return `${name} ${version}`;
}

/** What is said in place of a licence's text. */
function withoutText(one: Package, all: readonly Package[]): string {
  const { license } = one;
  if (license === undefined)
    throw new Error(`${nameOf(one)} names no licence and has no text of one`);
  const other = SAME_FOR_ALL.has(license)
    ? all.find((each) => each.license === license && hasText(each))
    : undefined;
  const where = other === undefined ? "" : `; its text is above under ${nameOf(other)}`;
  return `Licence: ${license}${where}`;
}

/** What the program depends on, and what that depends on, by name. */
function packages(top: string): Package[] {
  const found = new Map<string, Package>();
  const visit = (name: string, from: string): void => {
    const folder = folderOf(name, from);
    if (found.has(folder)) return;
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      version: string;
      license?: string;
      dependencies?: Record<string, string>;
    };
    const { version, license, dependencies = {} } = about;
    const text = textIn(folder, /^(?:licen[cs]e|copying)(?:\.(?:md|txt))?$/i);
    const notice = textIn(folder, /^notice(?:\.(?:md|txt))?$/i);
    found.set(folder, { name, version, license, text, notice });
    for (const other of Object.keys(dependencies)) visit(other, folder);
  };
  const { dependencies } = JSON.parse(readFileSync(join(top, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) visit(name, top);
  return [...found.values()].toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** Where a package lies that another asks for: in its own node_modules, or in one above. */
function folderOf(name: string, from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(folder, "package.json"))) return folder;
    if (at === dirname(at)) throw new Error(`${name} is not installed`);
  }
}

function textIn(folder: string, wanted: RegExp): string | undefined {
  const file = readdirSync(folder)
    .toSorted()
    .find((name) => wanted.test(name));
  return file === undefined ? undefined : readFileSync(join(folder, file), "utf8").trim();
}
