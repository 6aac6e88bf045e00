import { dirname, join, normalize } from "node:path/posix";

/** Which folders of `src` the files of each may import, beside their own. */
export type Layers = Readonly<Record<string, readonly string[]>>;

/** The files to judge: content by path from `src`, such as `client/session.ts`. */
export type Sources = ReadonlyMap<string, string>;

const BELOW_CLIENT = [
  "transport",
  "security",
  "storage",
  "digest",
  "protocol",
  "observe",
  "platform",
  "memory",
  "faults",
];

/** The direction of imports. `protocol` and `observe` lean on nothing at all. */
export const LAYERS: Layers = {
  main: ["cli", "shell", "server", "client", ...BELOW_CLIENT],
  cli: ["shell", "server", "client", ...BELOW_CLIENT],
  shell: ["client", ...BELOW_CLIENT],
  server: BELOW_CLIENT,
  client: BELOW_CLIENT,
  transport: ["digest", "protocol", "observe", "memory", "faults", "platform"],
  security: ["digest", "protocol", "observe", "faults", "platform"],
  storage: ["digest", "observe", "faults", "platform", "memory"],
  digest: ["observe"],
  protocol: [],
  observe: [],
  memory: [],
  faults: [],
  platform: [],
};

/** Folders that need nothing from outside the project either, so that they stay pure. */
const PURE: ReadonlySet<string> = new Set(["protocol", "observe"]);

const COMMENT = /\/\*[^]*?\*\/|^\s*\/\/.*$/gm;
const IMPORT =
  /(?:\b(?:import|export)\s[^;"'`]*?\bfrom\s*|\bimport\s*\(?\s*)(?:"([^"\n]+)"|'([^'\n]+)')/g;

/** What a file imports or exports from elsewhere, types and `import()` included. */
export function importsOf(source: string): string[] {
  return [...source.replace(COMMENT, "").matchAll(IMPORT)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

/** Every import that runs against the direction, in words. */
export function findWrongImports(sources: Sources, layers: Layers): string[] {
  const wrong: string[] = [];
  for (const [file, source] of sources) {
    const folder = folderOf(file);
    const allowed = Object.hasOwn(layers, folder) ? layers[folder] : undefined;
    if (allowed === undefined) {
      wrong.push(`${file}: no layer is named ${folder}`);
      continue;
    }
    for (const specifier of importsOf(source)) {
      if (!specifier.startsWith(".")) {
        if (PURE.has(folder)) wrong.push(`${file}: ${folder} imports ${specifier}`);
        continue;
      }
      const target = resolveImport(file, specifier);
      if (target === "../package.json" && folder === "cli") continue;
      if (!sources.has(target)) wrong.push(`${file}: there is no ${specifier}`);
      else if (folderOf(target) !== folder && !allowed.includes(folderOf(target))) {
        wrong.push(`${file}: ${folder} imports ${folderOf(target)} (${specifier})`);
      }
    }
  }
  return wrong;
}

/** Every cycle that a walk along the imports meets, each as the files on it. */
export function findCycles(sources: Sources): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (file: string): void => {
    const start = trail.indexOf(file);
    if (start !== -1) {
      cycles.push(trail.slice(start));
      return;
    }
    const source = sources.get(file);
    if (source === undefined || done.has(file)) return;
    trail.push(file);
    for (const specifier of importsOf(source)) {
      if (specifier.startsWith(".")) visit(resolveImport(file, specifier));
    }
    trail.pop();
    done.add(file);
  };
  for (const file of sources.keys()) visit(file);
  return cycles;
}

function resolveImport(file: string, specifier: string): string {
  return normalize(join(dirname(file), specifier));
}

/** A file right in `src` is a layer of its own, named as it is. */
function folderOf(file: string): string {
  const slash = file.indexOf("/");
  return slash === -1 ? file.replace(/\.ts$/, "") : file.slice(0, slash);
}
