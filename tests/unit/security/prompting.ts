/**
 * For `prompt.test.ts`: a shell that asks for a secret in between, or with `alone` a program that
 * asks for one and goes on.
 */
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { readSecret } from "../../../src/cli/prompt.ts";

async function alone(): Promise<void> {
  await readSecret("Secret");
  console.log("goes on");
  setInterval(() => undefined, 60_000);
}

function startShell(): void {
  const shell = createInterface({ input: process.stdin, output: process.stdout, terminal: true });
  shell.setPrompt("shell> ");
  shell.on("line", (line) => {
    void (async () => {
      if (line === "quit") process.exit(0);
      if (line === "login") {
        const secret = await readSecret("Secret").catch((error: unknown) => String(error));
        console.log(`sha256 ${createHash("sha256").update(secret).digest("hex")}`);
      } else {
        console.log(`ran <${line}>`);
      }
      shell.prompt();
    })();
  });
  shell.prompt();
}

if (process.argv[2] === "alone") await alone();
else startShell();
