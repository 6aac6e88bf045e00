import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const TOP = join(import.meta.dir, "../..");

const ABOUT_BUN = `This program contains Bun ${Bun.version} (MIT licence), and with it JavaScriptCore and other parts under
licences of their own, among them the LGPL 2: https://bun.com/docs/project/license names them all.
It also contains these packages, or parts of them.
`;

/** A package that is part of the program. */
interface Package {
  readonly name: string;
  readonly version: string;
  /** The licence's text, or its name where the package brings no text. */
  readonly license: string;
}

/** The licences of everything that is in the program and that others have written. */
export function notices(): string {
  const byText = new Map<string, string[]>();
  for (const { name, version, license } of packages()) {
    const names = byText.get(license) ?? [];
    names.push(`${name} ${version}`);
    byText.set(license, names);
  }
  const rule = "-".repeat(80);
  const parts = Array.from(byText, ([text, names]) => `${names.join("\n")}\n\n${text}\n`);
  return [ABOUT_BUN, ...parts].join(`\n${rule}\n\n`);
}

/** What the program depends on, and what that depends on, by name. */
function packages(): Package[] {
  const found = new Map<string, Package>();
  const visit = (name: string, from: string): void => {
    const folder = folderOf(name, from);
    if (found.has(folder)) return;
    const text = readFileSync(join(folder, "package.json"), "utf8");
    const about = JSON.parse(text) as {
      version: string;
      license?: string;
      dependencies?: Record<string, string>;
    };
    const { version, license = "no licence named" } = about;
    found.set(folder, { name, version, license: licenseIn(folder) ?? `Licence: ${license}` });
    for (const other of Object.keys(about.dependencies ?? {})) visit(other, folder);
  };
  const { dependencies } = JSON.parse(readFileSync(join(TOP, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) visit(name, TOP);
  const key = ({ name, version }: Package): string => `${name} ${version}`;
  return [...found.values()].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Where a package lies that another asks for: in its own node_modules, or in one above. */
function folderOf(name: string, from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(folder, "package.json"))) return folder;
    if (at === dirname(at)) throw new Error(`${name} is not installed`);
  }
}

function licenseIn(folder: string): string | undefined {
  const file = readdirSync(folder)
    .toSorted()
    .find((name) => /^(?:licen[cs]e|copying)(?:\.(?:md|txt))?$/i.test(name));
  return file === undefined ? undefined : readFileSync(join(folder, file), "utf8").trim();
}
