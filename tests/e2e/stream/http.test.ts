import { expect, setDefaultTimeout, test } from "bun:test";
import { filesUnder, read, write } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";

setDefaultTimeout(240_000);

const CURL = Bun.which("curl");

/** Commands as an enemy's page would post them; each would change the tree. */
const COMMANDS = "PUT posted\n+5\nhelloEND\nDELETE kept\nRENAME kept to=gone\nMKDIR made\n";

/** Posts commands with a real program, and gives what the server answered. */
async function post(port: number, ...flags: string[]): Promise<{ status: number; stdout: string }> {
  if (CURL === null) throw new Error("this test needs curl: install it");
  const url = `http://127.0.0.1:${port}/`;
  const child = Bun.spawn([CURL, "-s", "-S", "--max-time", "20", ...flags, url], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, status] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  return { status, stdout };
}

test.each([
  ["curl -d", ["-d", COMMANDS]],
  ["curl --data-binary, with commands from the first byte", ["--data-binary", `\n${COMMANDS}`]],
  ["curl -X PUT", ["-X", "PUT", "-d", COMMANDS]],
  ["curl with a verb of ours", ["-X", "NOOP", "-d", COMMANDS]],
  ["curl with a header that is a command", ["-H", "NOOP: x", "-d", COMMANDS]],
  ["curl of a page", []],
])("%s: closed at the first line, and nothing is changed", async (_, flags) => {
  using folder = new TemporaryFolder();
  write(folder.join("kept"), "kept");
  await using server = await ServerProcess.start(folder.path);
  const plain = await post(server.port, ...flags);
  expect(plain.status).not.toBe(0);
  // With leave to take what is no HTTP for a page, curl shows all that the server says.
  const { stdout } = await post(server.port, "--http0.9", ...flags);
  expect(stdout).toMatch(/^220 protocol=1 [ -~]*\n500 syntax [ -~]*\n$/);
  await server.waitFor(/disconnected \(broke the protocol: [ -~]*\)\n[^]*disconnected \(broke the/);
  expect(server.log).not.toMatch(/PUT|DELETE|RENAME|MKDIR/);
  expect(filesUnder(folder.path)).toEqual(["kept"]);
  expect(read(folder.join("kept"))?.toString()).toBe("kept");
});
