import { expect } from "bun:test";
import { read, writeRandom } from "./files.ts";
import { connect, type TemporaryFolder } from "./programs.ts";

const SIZE = 1_500_000;

/**
 * Lets other clients get, put, list and move files on a server, and compares every byte.
 * @param server the server's folder, for the test itself
 * @param name none that was used before
 */
export async function serveOthers(
  folder: TemporaryFolder,
  server: string,
  port: number,
  name: string,
): Promise<void> {
  const theirs = writeRandom(`${server}/others/${name}`, SIZE);
  const clients = ["one", "two"].map(async (which) => {
    const own = `${name}-${which}`;
    const root = folder.join("others", own);
    const mine = writeRandom(`${root}/mine`, SIZE + 1);
    const commands = `LS others; GET others/${name} got; PUT mine others/${own}; GET others/${own} back`;
    const ran = await connect(root, port, commands);
    expect(ran.stderr).toMatch(/GET .*, verified\nPUT .*, verified\nGET .*, verified\n/);
    expect(ran.stdout).toContain(name);
    expect(ran.status).toBe(0);
    expect(read(`${root}/got`)?.equals(theirs)).toBe(true);
    expect(read(`${root}/back`)?.equals(mine)).toBe(true);
    expect(read(`${server}/others/${own}`)?.equals(mine)).toBe(true);
  });
  await Promise.all(clients);
}
