import { $ } from "bun";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { TemporaryFolder } from "../support/programs.ts";
import { filesUnder, write } from "../support/files.ts";
import { Transcript } from "../support/transcript.ts";
import { whyNoRelease } from "../../scripts/release/native.ts";
import { find, HANG_MS, nativeRelease, TOP, unpack } from "./made.ts";

const no = whyNoRelease() ?? (process.getuid?.() === 0 ? undefined : "needs root");
const because = no === undefined ? "" : ` (${no})`;

describe.skipIf(no !== undefined)(`the file system of the container image${because}`, () => {
  let folder: TemporaryFolder;
  let root: string;

  beforeAll(async () => {
    folder = new TemporaryFolder();
    root = folder.join("root");
    await unpack(find(await nativeRelease(), ".tar.xz"), folder.join("unpacked"));
    await $`sh ${join(TOP, "scripts/release/image-root.sh")} ${folder.join("unpacked")} ${root}`;
  }, HANG_MS);

  afterAll(() => folder[Symbol.dispose]());

  test("holds the program, the C library and no other program", () => {
    const programs = filesUnder(root).filter(
      (name) => !/(?:^|\/)lib.*\.so/.test(name) && (statSync(join(root, name)).mode & 0o111) !== 0,
    );
    expect(programs.filter((name) => !/ld-linux/.test(name))).toEqual(["sftp"]);
  });

  test("serves /data to those who log in, as a user who is not root", async () => {
    const dockerfile = readFileSync(join(TOP, "scripts/release/Dockerfile"), "utf8");
    const [, user = ""] = /^USER (\S+)$/m.exec(dockerfile) ?? [];
    const [, command = "[]"] = /^CMD (.*)$/m.exec(dockerfile) ?? [];
    const [, variables = ""] = /^ENV (.*)$/m.exec(dockerfile) ?? [];
    const args: unknown = JSON.parse(command);
    if (!Array.isArray(args)) throw new Error("CMD is no list");
    write(join(root, "data/a.txt"), "from the volume");
    const inside = ["chroot", `--userspec=${user}`, root, "/sftp"];
    const space = [
      "unshare",
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      `--mount-proc=${root}/proc`,
    ];
    const env = Object.fromEntries(variables.split(" ").map((pair) => pair.split("=")));
    const serving = Bun.spawn([...space, ...inside, ...args.map(String), "--port", "0"], {
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    try {
      const log = new Transcript();
      void log.follow(serving.stderr).then(() => log.end());
      const [, port = ""] = await log.waitFor(/on 0\.0\.0\.0:(\d+)/);
      const [, pin = ""] = await log.waitFor(/#([\w-]{43})/);
      const token = readFileSync(join(root, "state/sftp/token"), "utf8").trim();
      expect(statSync(join(root, "state/sftp/token"))).toMatchObject({ uid: 10_001 });
      mkdirSync(folder.join("mine"));
      write(folder.join("mine/b.txt"), "to the volume");
      const place = ["--root", folder.join("mine")];
      const address = `127.0.0.1:${port}#${pin}`;
      const words = ["connect", address, ...place, "-c", "GET a.txt; PUT b.txt"];
      const client = Bun.spawn([folder.join("unpacked/sftp"), ...words], {
        env: { SFTP_TOKEN: token, HOME: folder.path },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const said = await new Response(client.stderr).text();
      expect([said, await client.exited]).toEqual([expect.stringContaining("verified"), 0]);
      expect(readFileSync(folder.join("mine/a.txt"), "utf8")).toBe("from the volume");
      expect(readFileSync(join(root, "data/b.txt"), "utf8")).toBe("to the volume");
    } finally {
      // unshare minds no other signal, and does not take a server with it that is another user by now.
      const children = readFileSync(`/proc/${serving.pid}/task/${serving.pid}/children`, "utf8");
      for (const pid of children.split(" ").filter(Boolean)) process.kill(Number(pid), "SIGKILL");
      serving.kill("SIGKILL");
      await serving.exited;
    }
  });
});
