import { readdir } from "node:fs/promises";
import { delimiter } from "node:path";
import type { Candidate } from "./completion.ts";

/** What the folders of `PATH` hold. */
export async function programs(): Promise<Candidate[]> {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const names = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
  return [...new Set(names.flat())].map((text) => ({ text, folder: false }));
}
