import { join } from "node:path";
import { Transcript } from "./transcript.ts";

/** Connections that one program of them holds: they cost memory on this side, too. */
const EACH = 2500;

interface Part {
  readonly process: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly said: Transcript;
  readonly followed: Promise<void>;
}

/** Very many idle connections over TLS, all logged in, held by programs of their own. */
export class Idlers implements AsyncDisposable {
  readonly #parts: readonly Part[];
  /** Settles when all are there. */
  readonly held: Promise<unknown>;

  constructor(port: number, token: string, count: number) {
    const program = join(import.meta.dir, "idlers-program.ts");
    this.#parts = Array.from({ length: Math.ceil(count / EACH) }, (_, index) => {
      const here = Math.min(EACH, count - index * EACH);
      const child = Bun.spawn([process.execPath, program, String(port), String(here)], {
        stdin: "pipe",
        stdout: "pipe",
        stderr: "inherit",
        env: { ...process.env, SFTP_TOKEN: token },
      });
      const said = new Transcript();
      const followed = said.follow(child.stdout).finally(() => said.end());
      return { process: child, said, followed };
    });
    this.held = Promise.all(this.#parts.map(({ said }) => said.waitFor(/held\n/)));
    // Where one of them fails, whoever waits is told.
    this.held.catch(() => undefined);
  }

  /** Has each of them ask for something; gives how many were answered. To be called once. */
  async answered(): Promise<number> {
    let sum = 0;
    for (const { process, said } of this.#parts) {
      void process.stdin.write("ask\n");
      void process.stdin.flush();
      const [, count] = await said.waitFor(/answered (\d+)\n/);
      sum += Number(count);
    }
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.#parts) process.kill("SIGKILL");
    await Promise.all(this.#parts.flatMap(({ process, followed }) => [process.exited, followed]));
  }
}
