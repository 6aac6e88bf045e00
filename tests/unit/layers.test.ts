import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findCycles, findWrongImports, importsOf, LAYERS, type Sources } from "./imports.ts";

const SRC = join(import.meta.dir, "../../src");

function readSources(): Sources {
  const files = readdirSync(SRC, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(SRC.length + 1).replaceAll("\\", "/");
      return [name, readFileSync(path, "utf8")] as const;
    }),
  );
}

function sources(files: Record<string, string>): Sources {
  return new Map(Object.entries(files));
}

describe("src", () => {
  test("imports run one way: main, cli, shell and server, client, then what lies below", () => {
    const found = readSources();
    expect(found.size).toBeGreaterThan(50);
    expect([...found.values()].flatMap(importsOf).length).toBeGreaterThan(200);
    expect(findWrongImports(found, LAYERS)).toEqual([]);
  });

  test("no file imports itself by way of others", () => {
    expect(findCycles(readSources())).toEqual([]);
  });

  test("nothing but transport touches the runtime's sockets", () => {
    const users = [...readSources()]
      .filter(([, source]) =>
        /\bBun\s*\.\s*(?:listen|connect|udpSocket)\b|"node:net"|"node:tls"/.test(source),
      )
      .map(([file]) => file.split("/")[0]);
    expect(new Set(users)).toEqual(new Set(["transport"]));
  });

  test("nothing goes by the current folder but what knows that it changes", () => {
    const users = [...readSources()]
      .filter(([, source]) => /\bprocess\s*\.\s*(?:cwd|chdir)\b/.test(source))
      .map(([file]) => file);
    expect(new Set(users)).toEqual(
      new Set(["platform/started-in.ts", "storage/local/small/within.ts"]),
    );
  });
});

describe("importsOf()", () => {
  test.each<[string, string[]]>([
    ['import { a } from "./a.ts";', ["./a.ts"]],
    ['import type { A } from "./a.ts";', ["./a.ts"]],
    ['import {\n  a,\n  type B,\n} from "./a.ts";\nimport b from "b";', ["./a.ts", "b"]],
    ['export * from "./a.ts";', ["./a.ts"]],
    ['export { a } from "./a.ts";', ["./a.ts"]],
    ['import "./a.ts";', ["./a.ts"]],
    ['const a = await import("./a.ts");', ["./a.ts"]],
    ["import a from './a.ts';", ["./a.ts"]],
    ['// import a from "./a.ts";\n/* import b from "./b.ts"; */', []],
    ['export const a = "./a.ts";', []],
  ])("finds what is imported when a file holds %j", (source, expected) => {
    expect(importsOf(source)).toEqual(expected);
  });
});

describe("findWrongImports()", () => {
  const wrong = (file: string, target: string): string[] => {
    const up = file.includes("/") ? "../" : "./";
    return findWrongImports(
      sources({ [file]: `import { x } from "${up}${target}";`, [target]: "" }),
      LAYERS,
    );
  };

  test.each([
    ["server/a.ts", "client/b.ts"],
    ["client/a.ts", "server/b.ts"],
    ["server/a.ts", "shell/b.ts"],
    ["client/a.ts", "shell/b.ts"],
    ["shell/a.ts", "server/b.ts"],
    ["shell/a.ts", "cli/b.ts"],
    ["cli/a.ts", "main.ts"],
    ["storage/a.ts", "protocol/b.ts"],
    ["protocol/a.ts", "storage/b.ts"],
    ["protocol/a.ts", "digest/b.ts"],
    ["protocol/a.ts", "observe/b.ts"],
    ["transport/a.ts", "storage/b.ts"],
    ["observe/a.ts", "protocol/b.ts"],
  ])("complains when %s imports %s", (file, target) => {
    expect(wrong(file, target)).toHaveLength(1);
  });

  test.each([
    ["main.ts", "shell/b.ts"],
    ["cli/a.ts", "server/b.ts"],
    ["shell/a.ts", "protocol/b.ts"],
    ["server/a.ts", "storage/b.ts"],
    ["client/a.ts", "observe/b.ts"],
    ["storage/a.ts", "digest/b.ts"],
    ["protocol/a.ts", "protocol/b.ts"],
  ])("is content when %s imports %s", (file, target) => {
    expect(wrong(file, target)).toEqual([]);
  });

  test("complains of a folder, a missing file and a module that a pure folder may not have", () => {
    expect(findWrongImports(sources({ "utils/a.ts": "" }), LAYERS)).toHaveLength(1);
    expect(findWrongImports(sources({ "toString/a.ts": "" }), LAYERS)).toHaveLength(1);
    expect(wrong("cli/a.ts", "../scripts/b.ts")).toHaveLength(2);
    expect(
      findWrongImports(sources({ "protocol/a.ts": 'import "node:fs";' }), LAYERS),
    ).toHaveLength(1);
    expect(
      findWrongImports(sources({ "cli/a.ts": 'import "../nowhere.ts";' }), LAYERS),
    ).toHaveLength(1);
  });
});

describe("findCycles()", () => {
  test("names the files when imports lead back", () => {
    const files = sources({
      "main.ts": 'import "./cli/a.ts";',
      "cli/a.ts": 'import type { B } from "./b.ts";',
      "cli/b.ts": 'import "../cli/c.ts";',
      "cli/c.ts": 'export * from "./a.ts";',
    });
    expect(findCycles(files)).toEqual([["cli/a.ts", "cli/b.ts", "cli/c.ts"]]);
  });

  test("finds none when two ways lead to one file", () => {
    const files = sources({
      "a.ts": 'import "./b.ts"; import "./c.ts";',
      "b.ts": 'import "./d.ts";',
      "c.ts": 'import "./d.ts";',
      "d.ts": "",
    });
    expect(findCycles(files)).toEqual([]);
  });
});
