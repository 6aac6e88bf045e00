import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { publishedUnder, read, write } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { block } from "../../support/wire.ts";

/** What Windows takes for a device, a stream, another folder, or another name. */
const NAMES = [
  "CON",
  "nul.txt",
  "Aux",
  "COM1",
  "com¹",
  "LPT9.tar.gz",
  "CONIN$",
  "con .txt",
  "a.",
  "a ",
  "a. .",
  "...",
  "a:b",
  "C:",
  "file.txt:stream",
  "..\\x",
  "a\\b",
];

const encoded = (name: string): string =>
  Array.from(Buffer.from(name), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");

/** A word for the shell. */
const quoted = (name: string): string => `'${name}'`;

describe.each(NAMES)("%j", (name) => {
  test("is made by no verb, as a name or as a folder", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("f"), "f");
    mkdirSync(folder.join("d"));
    await using server = await ServerProcess.start(folder.path);
    using client = await RawClient.open(server.port);
    const path = encoded(name);
    const content = `${block(Buffer.from("x")).toString()}END`;
    for (const line of [
      `PUT ${path}\n${content}`,
      `PUT ${path} if=absent\n${content}`,
      `PUT ${path}/x\n${content}`,
      `PUT d/${path}\n${content}`,
      `PUT ${path} part=0123456789abcdef0123456789abcdef\n${content}`,
      `MKDIR ${path}`,
      `MKDIR d/${path}/x`,
      `RENAME f to=${path}`,
      `RENAME d to=${path}`,
      `RENAME f to=d/${path}`,
    ]) {
      expect(await client.sendLine(line).reply(), line).toStartWith("553 name ");
    }
    expect(publishedUnder(folder.path)).toEqual(["f"]);
  });

  test("that is there can be read, moved and deleted, and is told where it cannot be made", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("server/tree", name), "there");
    write(folder.join("server/tree/ok"), "ok");
    write(folder.join("client/mine", name), "there");
    write(folder.join("client/mine/ok"), "ok");
    await using server = await ServerProcess.start(folder.join("server"));
    const { port } = server;
    const root = folder.join("client");

    const got = await connect(
      root,
      port,
      `GET ${quoted(`tree/${name}`)} got; PUT ${quoted(`mine/${name}`)} sent`,
    );
    expect(got.status, got.stderr).toBe(0);
    expect(read(folder.join("client/got"))?.toString()).toBe("there");
    expect(read(folder.join("server/sent"))?.toString()).toBe("there");

    for (const [command, shown] of [
      [`GET ${quoted(`tree/${name}`)}`, `tree/${name}`],
      ["GET -r tree", `tree/${name}`],
      ["MIRROR --delete tree copy", `tree/${name}`],
      ["PUT -r mine", `mine/${name}`],
      ["MIRROR -R --delete mine copy", `PUT mine/${name}`],
    ] as const) {
      const ran = await connect(root, port, command);
      expect(ran.status, command).toBe(6);
      expect(ran.stderr, command).toContain(shown);
      expect(ran.stderr, command).toMatch(
        /is not allowed: a part of it .*\(on (?:this side|the server)\)/,
      );
    }
    // Everything else came.
    for (const there of ["client/tree/ok", "client/copy/ok", "server/mine/ok", "server/copy/ok"]) {
      expect(read(folder.join(there))?.toString(), there).toBe("ok");
    }
    for (const place of ["client/tree", "client/copy", "server/mine", "server/copy"]) {
      expect(publishedUnder(folder.join(place)), place).toEqual(["ok"]);
    }

    using client = await RawClient.open(port);
    expect(await client.sendLine(`RENAME tree/${encoded(name)} to=moved`).reply()).toBe("250");
    expect(await client.sendLine("DELETE moved").reply()).toBe("250");
  });

  test("that is there on the other side is no extra of a mirror that cannot take it", async () => {
    using folder = new TemporaryFolder();
    for (const side of ["server/tree", "client/tree"]) write(folder.join(side, name), side);
    await using server = await ServerProcess.start(folder.join("server"));
    for (const command of ["MIRROR --delete tree", "MIRROR -R --delete tree"]) {
      await connect(folder.join("client"), server.port, command);
      for (const side of ["server/tree", "client/tree"]) {
        expect(read(folder.join(side, name))?.toString(), command).toBe(side);
      }
    }
  });
});
