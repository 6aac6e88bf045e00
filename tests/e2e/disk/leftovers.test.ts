import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { visible } from "../../../src/observe/visible.ts";
import { filesUnder, read, write } from "../../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { block } from "../../support/wire.ts";

const STAGING = ".sftp-staging";
const KEY = "0123456789abcdef0123456789abcdef";
/** The name of a part of a process that never was. */
const LEFT = `${KEY}.kept.00000000-00000000-00000000-1-1`;

/** The staging folder as one system or another would take it, encoded. */
const SPELLINGS = [
  ".sftp-staging",
  ".SFTP-STAGING",
  ".Sftp-Staging",
  "%2e%73%66%74%70%2d%73%74%61%67%69%6e%67",
  ".sftp-staging.",
  ".sftp-staging%20",
  ".sftp-staging...",
  ".%c5%bfftp-staging",
  "%ef%bc%8esftp-staging",
  ".sftp%e2%80%8c-staging",
  "SFTP-S~1",
];

describe("what a killed program has left", () => {
  test.each(SPELLINGS)("cannot be reached as %s by any verb, at any depth", async (spelling) => {
    using folder = new TemporaryFolder();
    write(folder.join(STAGING, LEFT), "left");
    write(folder.join("sub", STAGING, LEFT), "mine");
    write(folder.join("f"), "f");
    await using server = await ServerProcess.start(folder.path);
    using client = await RawClient.open(server.port);
    const content = `${block(Buffer.from("x")).toString()}END`;
    for (const before of ["", "sub/", "new/"]) {
      for (const behind of ["", `/${LEFT}`, "/new", "/new/new"]) {
        const path = `${before}${spelling}${behind}`;
        for (const line of [
          `GET ${path}`,
          `LIST ${path}`,
          `LIST ${path} recursive=1`,
          `STAT ${path}`,
          `STAT ${path} digest=1`,
          `HELD ${path} part=${KEY}`,
          `MKDIR ${path}`,
          `DELETE ${path}`,
          `RENAME ${path} to=stolen`,
          `RENAME f to=${path}`,
          `PUT ${path}\n${content}`,
          `PUT ${path} if=absent\n${content}`,
          `PUT ${path} part=${KEY}\n${content}`,
        ]) {
          expect(await client.sendLine(line).reply(), line).toStartWith("553 name ");
        }
      }
    }
    expect(await client.sendLine("LIST recursive=1").reply()).toBe("150");
    const listed = (await client.body()).content.toString();
    expect(listed.trimEnd().split("\n")).toHaveLength(2);
    expect(listed.toLowerCase()).not.toContain("staging");
    expect(filesUnder(folder.path)).toEqual([`${STAGING}/${LEFT}`, "f", `sub/${STAGING}/${LEFT}`]);
  });

  test("is neither sent, got, listed nor removed by a client", async () => {
    using folder = new TemporaryFolder();
    for (const side of ["client/tree", "server/tree"]) {
      write(folder.join(side, STAGING, LEFT), side);
      write(folder.join(side, ".SFTP-STAGING/x"), side);
      write(folder.join(side, "sub", STAGING, "x"), side);
      write(folder.join(side, "f"), "f");
    }
    await using server = await ServerProcess.start(folder.join("server"));
    for (const command of [
      "PUT -r tree put/",
      "GET -r tree got/",
      "GET tree/**/* globbed/",
      "MIRROR --delete tree",
      "MIRROR -R --delete tree",
      "LS tree",
    ]) {
      const ran = await connect(folder.join("client"), server.port, command);
      expect(ran.status, `${command} ${ran.stderr}`).toBe(0);
      expect(ran.stdout.toLowerCase()).not.toContain("staging");
    }
    for (const command of [
      `GET f tree/${STAGING}/x`,
      `GET f .SFTP-STAGING`,
      `PUT tree/${STAGING}/${LEFT}`,
    ]) {
      const ran = await connect(folder.join("client"), server.port, command);
      expect([5, 6], `${command} ${ran.stderr}`).toContain(ran.status);
    }
    for (const side of ["client/tree", "server/tree"]) {
      for (const name of [`${STAGING}/${LEFT}`, ".SFTP-STAGING/x", `sub/${STAGING}/x`]) {
        expect(read(folder.join(side, name))?.toString()).toBe(side);
      }
    }
    for (const made of ["client/got", "client/globbed", "server/put"]) {
      expect(filesUnder(folder.join(made)).join().toLowerCase()).not.toContain("staging");
    }
  });
});

describe("what only looks like it", () => {
  const ALIKE = [
    ".sftp-stagingx",
    ".sftp-staging-2/x",
    "x.sftp-staging",
    "sftp-staging/x",
    ".sftp-stagin",
    ".sftp.staging",
    LEFT,
    LEFT.replace("kept", "tmp"),
  ];

  test("is a user's own: served, kept at every start, and by mirrors", async () => {
    using folder = new TemporaryFolder();
    for (const side of ["server", "client"]) {
      for (const name of ALIKE) write(folder.join(side, "tree", name), "mine");
    }
    const flags = ["--keep-partial", "0"];
    for (let start = 0; start < 2; start++) {
      await using server = await ServerProcess.start(folder.join("server"), flags);
      for (const command of ["GET -r tree got/", "PUT -r tree put/", "MIRROR --delete tree"]) {
        const ran = await connect(folder.join("client"), server.port, command, ...flags);
        expect(ran.status, ran.stderr).toBe(0);
      }
      await server.stop("SIGKILL");
    }
    for (const place of ["server/tree", "client/tree", "client/got/tree", "server/put/tree"]) {
      const names = filesUnder(folder.join(place)).filter(
        (name) => !name.startsWith(`${STAGING}/`),
      );
      expect(names, place).toEqual(ALIKE.toSorted());
    }
  });

  test("is told where another system could take it for that, and is kept", async () => {
    using folder = new TemporaryFolder();
    const names = ["sftp-s~1", ".sftp\u200c-staging", ".sftp-staging."];
    for (const side of ["server", "client"]) {
      for (const name of names) write(folder.join(side, "tree", name), "mine");
    }
    await using server = await ServerProcess.start(folder.join("server"));
    for (const command of ["GET -r tree got/", "PUT -r tree put/", "MIRROR --delete tree"]) {
      const ran = await connect(folder.join("client"), server.port, command);
      expect(ran.status, command).toBe(6);
      for (const name of names) expect(ran.stderr, command).toContain(`tree/${visible(name)}: `);
    }
    for (const side of ["server/tree", "client/tree"]) {
      expect(filesUnder(folder.join(side)).toSorted()).toEqual(names.toSorted());
    }
  });

  test.each(["server", "client"])(
    "a file of that very name in the %s's folder survives",
    async (side) => {
      using folder = new TemporaryFolder();
      write(folder.join(side, STAGING), "a user's own");
      write(folder.join("server/f"), "f");
      write(folder.join("client/g"), "g");
      const flags = ["--keep-partial", "0"];
      await using server = await ServerProcess.start(folder.join("server"), flags);
      const command = side === "server" ? "PUT g" : "GET f";
      const ran = await connect(folder.join("client"), server.port, command, ...flags);
      expect(ran.status, ran.stderr).toBe(1);
      expect(ran.stderr).toContain(`${STAGING} in the root is not a folder`);
      // Everything else works.
      const other = side === "server" ? "GET f; LS" : "PUT g; LS";
      expect((await connect(folder.join("client"), server.port, other, ...flags)).status).toBe(0);
      expect(readFileSync(folder.join(side, STAGING), "utf8")).toBe("a user's own");
    },
  );

  test("a link of that name is not followed, and survives", async () => {
    using folder = new TemporaryFolder();
    for (const side of ["server", "client"]) {
      write(folder.join(`outside-${side}`, LEFT), "nobody's");
      write(folder.join(side, "f"), side);
      symlinkSync(`../outside-${side}`, folder.join(side, STAGING));
    }
    const flags = ["--keep-partial", "0"];
    await using server = await ServerProcess.start(folder.join("server"), flags);
    for (const command of ["PUT f", "GET f"]) {
      const ran = await connect(folder.join("client"), server.port, command, ...flags);
      expect(ran.status, ran.stderr).toBe(1);
    }
    for (const side of ["server", "client"]) {
      expect(readdirSync(folder.join(`outside-${side}`))).toEqual([LEFT]);
      expect(existsSync(folder.join(side, STAGING))).toBe(true);
      expect(read(folder.join(side, "f"))?.toString()).toBe(side);
    }
  });
});

test("50 PUTs to one name at once by programs and by hand: each knows what became of its own", async () => {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.join("server"));
  const contents = Array.from({ length: 50 }, (_, index) =>
    `from ${index} `.repeat(1 + 100 * index),
  );
  const outcomes = contents.map(async (content, index) => {
    if (index % 5 === 0) {
      write(folder.join(`client-${index}/same`), content);
      const root = folder.join(`client-${index}`);
      const ran = await connect(root, server.port, "PUT same", "--json");
      expect(ran.status, ran.stderr).toBe(0);
      expect(ran.stdout).toContain(`"bytes":${content.length},`);
      return true;
    }
    using client = await RawClient.open(server.port);
    const absent = index % 5 === 1;
    client.send(`PUT same${absent ? " if=absent" : ""}\n`, block(Buffer.from(content)), "END\n");
    const reply = await client.reply();
    if (reply.startsWith("553 exists ")) expect(absent).toBe(true);
    else expect(reply).toStartWith(`226 size=${content.length} `);
    return reply.startsWith("226 ");
  });
  const stored = await Promise.all(outcomes);
  const winners = contents.filter((_, index) => stored[index] === true);
  expect(winners).toContain(read(folder.join("server/same"))?.toString() ?? "");
  // Of those that must not replace, one at most came first.
  expect(stored.filter((was, index) => was && index % 5 === 1).length).toBeLessThanOrEqual(1);
});
