import { join } from "node:path";

const SCRIPT = join(import.meta.dir, "program.ts");

/**
 * Runs several programs that each do one thing to the same file, all at the same moment.
 * @param works what each does, as `program.ts` reads it
 * @returns what each printed
 */
export async function atOnce(works: readonly (readonly string[])[]): Promise<string[]> {
  const children = works.map((work) =>
    Bun.spawn([process.execPath, SCRIPT, ...work], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    }),
  );
  const readers = children.map((child) => child.stdout.getReader());
  // Each says that it has started, and waits for its input to end.
  await Promise.all(readers.map((reader) => reader.read()));
  for (const child of children) void child.stdin.end();
  return Promise.all(
    readers.map(async (reader) => {
      const decoder = new TextDecoder();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return text;
        text += decoder.decode(value, { stream: true });
      }
    }),
  );
}
