import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Transcript } from "../../support/transcript.ts";

const SCRIPT = join(import.meta.dir, "prompting.ts");
const CTRL_C = "\u0003";
const UP = "\u001b[A";
const PROMPT = /shell> $/;

const ECHO = 0o10;

test("readSecret() leaves the terminal as it was", async () => {
  const screen = new Transcript();
  await using terminal = new Bun.Terminal({
    data: (_, piece) => screen.add(new TextDecoder().decode(piece)),
  });
  const program = Bun.spawn([process.execPath, SCRIPT, "alone"], { terminal });
  await screen.waitFor(/Secret: $/);
  expect(terminal.localFlags & ECHO).toBe(0);
  terminal.write("hunter2\r");
  await screen.waitFor(/goes on/);
  expect(terminal.localFlags & ECHO).toBe(ECHO);
  program.kill("SIGKILL");
  await program.exited;
});

test("readSecret() hides what is typed from a shell that reads the same terminal", async () => {
  const screen = new Transcript();
  const decoder = new TextDecoder();
  await using terminal = new Bun.Terminal({
    cols: 120,
    rows: 40,
    data: (_, piece) => screen.add(decoder.decode(piece, { stream: true })),
  });
  const program = Bun.spawn([process.execPath, SCRIPT], {
    terminal,
    env: { ...process.env, TERM: "dumb" },
  });
  const press = async (keys: string, awaited: RegExp): Promise<void> => {
    const from = screen.text.length;
    terminal.write(keys);
    await screen.waitFor(awaited, from);
  };
  await screen.waitFor(PROMPT);
  await press("first\r", /ran <first>[^]*shell> /);
  for (const secret of ["hunter2", "hunter3"]) {
    await press("login\r", /Secret: $/);
    const digest = createHash("sha256").update(secret).digest("hex");
    await press(`${secret}\r`, new RegExp(`sha256 ${digest}[^]*shell> `));
  }
  await press("login\r", /Secret: $/);
  const interrupted = createHash("sha256").update("Interrupted: Interrupted").digest("hex");
  await press(`hunter4${CTRL_C}`, new RegExp(`sha256 ${interrupted}[^]*shell> `));
  await press("second\r", /ran <second>[^]*shell> /);
  await press(`${UP}${UP}${UP}\r`, /Secret: $|ran </);
  expect(screen.text).not.toMatch(/hunter/);
  expect(screen.text.match(/second/g)?.length).toBeGreaterThanOrEqual(2);
  program.kill("SIGKILL");
  await program.exited;
});
