/** A shell that asks for a secret in between, for `prompt.test.ts`. */
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { readSecret } from "../../../src/cli/prompt.ts";

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
