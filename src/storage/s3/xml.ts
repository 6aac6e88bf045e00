import { parseXML } from "@aws-sdk/xml-builder";
import { S3Error } from "./s3-error.ts";

/** An element of an answer: what it holds, by name. */
export class Element {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** The text of a child; empty where there is none. */
  text(name: string): string {
    const value = this.#child(name);
    return typeof value === "string" ? value : "";
  }

  /** The children of one name. */
  all(name: string): Element[] {
    const value = this.#child(name);
    if (value === undefined || value === "") return [];
    return (Array.isArray(value) ? value : [value]).map((one) => new Element(one));
  }

  #child(name: string): unknown {
    const value = this.#value;
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name))
      return undefined;
    return Object.entries(value).find(([key]) => key === name)?.[1];
  }
}

/**
 * Reads an answer of the store.
 * @param root the element that is expected
 * @throws {S3Error} where it is another: some errors come with the status 200
 */
export function readXml(body: Buffer, root: string): Element {
  let parsed: Element;
  try {
    parsed = new Element(parseXML(body.toString()));
  } catch {
    throw new S3Error(0, "NotXml");
  }
  const [found] = parsed.all(root);
  if (found !== undefined) return found;
  const [error] = parsed.all("Error");
  // It is the store that failed, whatever the status says.
  if (error !== undefined) throw new S3Error(500, error.text("Code"), error.text("Message"));
  throw new S3Error(0, "NotXml");
}

/** The store's word for an error; `undefined` where the answer has none. */
export function errorIn(
  body: Buffer,
): { readonly code: string; readonly message: string } | undefined {
  try {
    const [error] = new Element(parseXML(body.toString())).all("Error");
    if (error === undefined || error.text("Code") === "") return undefined;
    return { code: error.text("Code"), message: error.text("Message") };
  } catch {
    return undefined;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** A text as it stands in an element. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (found) => ESCAPES[found] ?? found);
}
