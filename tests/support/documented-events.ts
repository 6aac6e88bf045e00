import { readFileSync } from "node:fs";
import { join } from "node:path";

/** An event as docs/JSON.md has it. */
export interface DocumentedEvent {
  /** Which program writes it: `connect` or `serve`. */
  readonly role: string;
  /** Its heading, such as `failed: a command`. */
  readonly title: string;
  readonly name: string;
  readonly fields: ReadonlyMap<string, Field>;
  /** The lines that stand there as examples. */
  readonly examples: readonly string[];
}

export interface Field {
  readonly type: string;
  readonly optional: boolean;
  /** The fields of each entry, where it is a list of them. */
  readonly entries: ReadonlyMap<string, Field> | undefined;
}

/** Reads docs/JSON.md, where an event is a heading of the third level with tables and examples. */
export function readDocumentedEvents(): DocumentedEvent[] {
  const page = readFileSync(join(import.meta.dir, "../../docs/JSON.md"), "utf8");
  return page
    .split(/^## /m)
    .slice(1)
    .flatMap((part) => {
      const [role = "", ...events] = part.split(/^### /m);
      return events.map((text) => readEvent(role.split("\n")[0] ?? "", text));
    });
}

function readEvent(role: string, text: string): DocumentedEvent {
  const [heading = "", ...lines] = text.split("\n");
  const [, name = ""] = /^`(\w+)`/.exec(heading) ?? [];
  const tables = lines
    .join("\n")
    .split(/^Each entry has$/m)
    .map((part) => readTable(part.split("\n"), undefined));
  const [, entries] = tables;
  const [, examples = ""] = /^```\n(.*?)\n```$/ms.exec(text) ?? [];
  return {
    role,
    title: heading.replaceAll("`", ""),
    name,
    fields: readTable(
      lines.slice(0, entries === undefined ? undefined : lines.indexOf("Each entry has")),
      entries,
    ),
    examples: examples.split("\n"),
  };
}

function readTable(lines: readonly string[], entries: Field["entries"]): Map<string, Field> {
  const fields = new Map<string, Field>();
  for (const line of lines) {
    const [, name, column = ""] = /^\| `(\w+)`\s*\|([^|]*)\|/.exec(line) ?? [];
    if (name === undefined) continue;
    const type = column.trim().replace(/, optional$/, "");
    const optional = type !== column.trim();
    fields.set(name, { type, optional, entries: type === "list of entries" ? entries : undefined });
  }
  return fields;
}

/** What is not as documented in an object, one line each. */
export function deviations(object: object, fields: ReadonlyMap<string, Field>): string[] {
  const values = new Map<string, unknown>(Object.entries(object));
  const wrong: string[] = [];
  for (const name of values.keys()) if (!fields.has(name)) wrong.push(`${name} is not documented`);
  for (const [name, { type, optional, entries }] of fields) {
    const value = values.get(name);
    if (value === undefined) {
      if (!optional) wrong.push(`${name} is missing`);
    } else if (!isOfType(value, type)) {
      wrong.push(`${name} is no ${type}: ${JSON.stringify(value)}`);
    } else if (entries !== undefined && Array.isArray(value)) {
      for (const entry of value) wrong.push(...deviations(Object(entry), entries));
    }
  }
  return wrong;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "text":
      return typeof value === "string";
    case "integer":
      return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    case "number":
      return typeof value === "number" && value >= 0;
    case "yes or no":
      return typeof value === "boolean";
    case "list of entries":
      return Array.isArray(value);
    default:
      return type.split(", ").includes(`\`${JSON.stringify(value)}\``);
  }
}
