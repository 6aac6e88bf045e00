import { expect } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Transcript } from "../support/transcript.ts";

export interface Session {
  /** What starts the program, followed by its arguments. */
  readonly server: readonly string[];
  readonly client: readonly string[];
  readonly env: Record<string, string>;
  /** An empty folder here. */
  readonly folder: string;
}

/** Serves a folder, lists it, gets a file of several blocks and puts it back under another name. */
export async function getAndPut({ server, client, env, folder }: Session): Promise<void> {
  const content = Buffer.alloc(700_001, "Simple FTP\n");
  mkdirSync(join(folder, "served"));
  writeFileSync(join(folder, "served/a.txt"), content);
  const serving = Bun.spawn([...server, "serve", "--port", "0", "--root", "served"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    const log = new Transcript();
    void log.follow(serving.stderr).then(() => log.end());
    const [, port = ""] = await log.waitFor(/on 127\.0\.0\.1:(\d+)\./);
    // Nothing but what is served, and by which name the program connects.
    const called = basename(client.at(-1) ?? "");
    await log.waitFor(/Connect with: .*\n/);
    const place = `${join(folder, "served")} on 127.0.0.1:${port}`;
    expect(log.text).toBe(`Serving ${place}. Connect with: ${called} connect ${port}\n`);
    const connecting = Bun.spawn(
      [...client, "connect", port, "--root", "mine", "-c", "LS; GET a.txt; PUT a.txt b/c.txt"],
      { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] },
    );
    const [listed, said] = await Promise.all([
      new Response(connecting.stdout).text(),
      new Response(connecting.stderr).text(),
    ]);
    expect([said, await connecting.exited]).toEqual([expect.stringContaining("verified"), 0]);
    expect(listed).toBe("a.txt\n");
    expect(readFileSync(join(folder, "mine/a.txt"))).toEqual(content);
    expect(readFileSync(join(folder, "served/b/c.txt"))).toEqual(content);
    serving.kill("SIGTERM");
    expect(await serving.exited).toBe(0);
    expect(existsSync(join(folder, "served/.sftp-staging"))).toBe(false);
  } finally {
    serving.kill("SIGKILL");
    await serving.exited;
  }
}
