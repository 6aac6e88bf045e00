import { describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, symlinkSync } from "node:fs";
import { publishedUnder, read, write } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { block } from "../../support/wire.ts";

/** Who waits for the other end of a pipe, or reads a device to its end, hangs until this, in ms. */
const DEADLINE = 20_000;
const IS_ROOT = process.getuid?.() === 0;

/** Makes one of each that is no regular file; a device only where this user may. */
function makeSpecials(folder: string): { readonly names: string[]; stop(): void } {
  mkdirSync(folder, { recursive: true });
  Bun.spawnSync(["mkfifo", `${folder}/fifo`]);
  const server = Bun.listen({ unix: `${folder}/socket`, socket: { data: () => undefined } });
  symlinkSync("/dev/zero", `${folder}/zero`);
  mkdirSync(`${folder}/folder`);
  const names = ["fifo", "socket", "zero", "folder"];
  if (IS_ROOT && Bun.spawnSync(["mknod", `${folder}/device`, "c", "1", "5"]).exitCode === 0) {
    names.push("device");
  }
  return { names, stop: () => server.stop(true) };
}

describe("what is no regular file", () => {
  test(
    "is refused by the server at once, a hundred times, while others are served",
    async () => {
      using folder = new TemporaryFolder();
      const { names, stop } = makeSpecials(folder.join("server"));
      write(folder.join("server/f"), "content");
      await using server = await ServerProcess.start(folder.join("server"));
      const inodes = names.map((name) => lstatSync(folder.join("server", name)).ino);
      const asking = Array.from({ length: 100 }, async (_, index) => {
        const name = names[index % names.length] ?? "";
        using client = await RawClient.open(server.port);
        expect(await client.sendLine(`GET ${name}`).reply()).toStartWith("553 not-a-file ");
        expect(await client.sendLine(`STAT ${name} digest=1`).reply()).toStartWith(
          "553 not-a-file ",
        );
        client.send(`PUT ${name} size=1\n`, block(Buffer.from("x")), "END\n");
        expect(await client.reply()).toStartWith("553 not-a-file ");
        client.send(`PUT ${name}/x size=1\n`, block(Buffer.from("x")), "END\n");
        expect(await client.reply()).toMatch(name === "folder" ? /^226 / : /^553 not-a-file /);
        expect(await client.sendLine("GET f").reply()).toStartWith("150 ");
        expect((await client.body()).content.toString()).toBe("content");
      });
      await Promise.all(asking);
      expect(names.map((name) => lstatSync(folder.join("server", name)).ino)).toEqual(inodes);
      stop();
    },
    DEADLINE,
  );

  test(
    "is refused by the client, got or sent, alone and in a tree",
    async () => {
      using folder = new TemporaryFolder();
      const { names, stop } = makeSpecials(folder.join("client/mine"));
      write(folder.join("client/mine/f"), "content");
      write(folder.join("client/mine/folder/f"), "content");
      for (const name of names) write(folder.join("server", name), "new");
      await using server = await ServerProcess.start(folder.join("server"));
      for (const name of names) {
        for (const command of [`PUT mine/${name} sent`, `GET ${name} mine/${name}`]) {
          // A folder is what a file goes into.
          if (name === "folder" && command.startsWith("GET")) continue;
          const ran = await connect(folder.join("client"), server.port, `-${command}; LS`);
          expect(ran.status, ran.stderr).toBe(0);
          expect(ran.stderr, command).toMatch(/\(on this side\)|mine\/folder is a folder: /);
        }
      }
      for (const command of ["PUT -r mine", "MIRROR -R mine mirrored"]) {
        const ran = await connect(folder.join("client"), server.port, command);
        expect(ran.status, ran.stderr).toBe(6);
        for (const name of names.filter((special) => special !== "folder")) {
          expect(ran.stderr, command).toMatch(new RegExp(`PUT \\S*${name}: It cannot be sent: a `));
        }
      }
      const sent = ["mine", "mirrored"].flatMap((tree) => [`${tree}/f`, `${tree}/folder/f`]);
      expect(publishedUnder(folder.join("server"))).toEqual([...names, ...sent].toSorted());
      expect(read(folder.join("server/mine/f"))?.toString()).toBe("content");
      stop();
    },
    DEADLINE,
  );

  test(
    "in a server's tree is told by name, and the rest is got",
    async () => {
      using folder = new TemporaryFolder();
      const { names, stop } = makeSpecials(folder.join("server/tree"));
      write(folder.join("server/tree/f"), "content");
      write(folder.join("server/tree/folder/f"), "content");
      await using server = await ServerProcess.start(folder.join("server"));
      for (const command of ["GET -r tree", "MIRROR tree mirrored"]) {
        const ran = await connect(folder.join("client"), server.port, command);
        expect(ran.status, ran.stderr).toBe(6);
        for (const name of names.filter((special) => special !== "folder")) {
          expect(ran.stderr, command).toContain(`GET tree/${name}: It cannot be served: a `);
        }
      }
      const got = ["mirrored", "tree"].flatMap((tree) => [`${tree}/f`, `${tree}/folder/f`]);
      expect(publishedUnder(folder.join("client"))).toEqual(got);
      // What stands for one of them on this side is no extra.
      write(folder.join("client/mirrored/fifo"), "mine");
      const ran = await connect(
        folder.join("client"),
        server.port,
        "MIRROR --delete tree mirrored",
      );
      expect(ran.status).toBe(6);
      expect(read(folder.join("client/mirrored/fifo"))?.toString()).toBe("mine");
      stop();
    },
    DEADLINE,
  );
});
