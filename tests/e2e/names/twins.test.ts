import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { publishedUnder, read, write } from "../../support/files.ts";
import { CAN_FOLD, FoldingDisk, ONLY_FOLDING } from "../../support/folding.ts";
import { connect, ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { block } from "../../support/wire.ts";

const COMPOSED = "caf\u00e9";
const DECOMPOSED = "cafe\u0301";
const KEY = "0123456789abcdef0123456789abcdef";

/** Stores a small file and gives the reply. */
function put(client: RawClient, path: string, content: string, keys = ""): Promise<string> {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  client.send(`PUT ${encoded}${keys}\n`, block(Buffer.from(content)), "END\n");
  return client.reply();
}

describe("on a system that tells them apart", () => {
  test("both of two names that differ in case are kept, both ways", async () => {
    using folder = new TemporaryFolder();
    const names = ["README", "readme", "Docs/a", "docs/a", "docs/A"];
    for (const name of names) write(folder.join("client/tree", name), `this is ${name}`);
    await using server = await ServerProcess.start(folder.join("server"));
    const ran = await connect(folder.join("client"), server.port, "PUT -r tree; GET -r tree back/");
    expect(ran.status, ran.stderr).toBe(0);
    for (const place of ["server/tree", "client/back/tree"]) {
      expect(publishedUnder(folder.join(place))).toEqual(names.toSorted());
      for (const name of names) {
        expect(read(folder.join(place, name))?.toString()).toBe(`this is ${name}`);
      }
    }
  });

  test("a letter composed never takes the place of the same decomposed, and both can be read", async () => {
    using folder = new TemporaryFolder();
    write(folder.join("server", DECOMPOSED), "decomposed");
    write(folder.join("client", COMPOSED), "composed");
    await using server = await ServerProcess.start(folder.join("server"));
    const commands = `PUT ${COMPOSED}; GET ${COMPOSED} one; GET ${DECOMPOSED} two`;
    const ran = await connect(folder.join("client"), server.port, commands);
    expect(ran.status, ran.stderr).toBe(0);
    expect(publishedUnder(folder.join("server"))).toEqual([DECOMPOSED, COMPOSED]);
    expect(read(folder.join("client/one"))?.toString()).toBe("composed");
    expect(read(folder.join("client/two"))?.toString()).toBe("decomposed");
  });
});

describe("a server on a disk that takes them for one", () => {
  test.skipIf(!CAN_FOLD).each([
    ["README", "readme"],
    ["notes.txt", "Notes.TXT"],
    ["straße", "STRASSE"],
    ["É", "é"],
    [DECOMPOSED, COMPOSED],
  ])(`%j is there, %j is refused${ONLY_FOLDING}`, async (there, wanted) => {
    await using disk = await FoldingDisk.mount();
    write(disk.join(there), "there");
    write(disk.join("mine"), "mine");
    await using server = await ServerProcess.start(disk.path);
    using client = await RawClient.open(server.port);
    const name = encodeURIComponent(wanted);
    for (const keys of ["", " if=absent", ` part=${KEY}`, " size=3"]) {
      expect(await put(client, wanted, "new", keys)).toStartWith("553 exists ");
    }
    expect(await client.sendLine(`MKDIR ${name}`).reply()).toStartWith("553 exists ");
    expect(await client.sendLine(`RENAME mine to=${name}`).reply()).toStartWith("553 exists ");
    expect(read(disk.join(there))?.toString()).toBe("there");
    const names = readdirSync(disk.path).filter((file) => !file.startsWith("."));
    expect(names.toSorted()).toEqual([there, "mine"].toSorted());
  });

  test.skipIf(!CAN_FOLD)(
    `under its own name a file is replaced as ever${ONLY_FOLDING}`,
    async () => {
      await using disk = await FoldingDisk.mount();
      await using server = await ServerProcess.start(disk.path);
      using client = await RawClient.open(server.port);
      for (const name of ["README", "Docs/READ me", COMPOSED, "Ä/ö"]) {
        for (const content of ["first", "second", "third"]) {
          expect(await put(client, name, content)).toStartWith("226 ");
          expect(read(disk.join(name))?.toString()).toBe(content);
        }
      }
    },
  );

  test.skipIf(!CAN_FOLD)(
    `nothing goes into a folder that is there in another spelling${ONLY_FOLDING}`,
    async () => {
      await using disk = await FoldingDisk.mount();
      write(disk.join("Docs/a"), "there");
      write(disk.join("deep/Er/a"), "there");
      write(disk.join("mine"), "mine");
      mkdirSync(disk.join("folder"));
      await using server = await ServerProcess.start(disk.path);
      using client = await RawClient.open(server.port);
      for (const path of ["docs/a", "docs/new", "DOCS/deep/er", "deep/er/a", "deep/ER/b"]) {
        expect(await put(client, path, "new")).toStartWith("553 exists ");
      }
      for (const line of [
        "MKDIR docs",
        "MKDIR docs/b",
        "MKDIR DEEP/Er/b",
        "RENAME mine to=docs/mine",
        "RENAME folder to=docs/folder",
        "RENAME folder to=DOCS",
      ]) {
        expect(await client.sendLine(line).reply(), line).toStartWith("553 exists ");
      }
      expect(publishedUnder(disk.path)).toEqual(["Docs/a", "deep/Er/a", "mine"]);
      expect(read(disk.join("Docs/a"))?.toString()).toBe("there");
      expect(await put(client, "Docs/b", "new")).toStartWith("226 ");
    },
  );

  test.skipIf(!CAN_FOLD)(
    `of many that come at once in three spellings only one spelling is stored${ONLY_FOLDING}`,
    async () => {
      await using disk = await FoldingDisk.mount();
      await using server = await ServerProcess.start(disk.path);
      for (let round = 0; round < 5; round++) {
        const spellings = [`Same${round}`, `same${round}`, `SAME${round}`];
        const uploads = Array.from({ length: 12 }, async (_, index) => {
          using client = await RawClient.open(server.port);
          const name = spellings[index % 3] ?? "";
          const content = `from ${index}`;
          return { name, content, reply: await put(client, name, content) };
        });
        const all = await Promise.all(uploads);
        const stored = all.filter(({ reply }) => reply.startsWith("226 "));
        const [name, ...others] = [...new Set(stored.map((upload) => upload.name))];
        expect(others).toEqual([]);
        for (const { reply } of all.filter((upload) => upload.name !== name)) {
          expect(reply).toStartWith("553 exists ");
        }
        expect(stored).toHaveLength(4);
        const content = read(disk.join(name ?? ""))?.toString();
        expect(stored.map((upload) => upload.content)).toContain(content ?? "");
      }
    },
  );
});

test.skipIf(!CAN_FOLD)(
  `a client on such a disk keeps one of two, and tells of the other by name${ONLY_FOLDING}`,
  async () => {
    using folder = new TemporaryFolder();
    await using disk = await FoldingDisk.mount();
    const names = ["README", "readme", "Docs/a", "docs/a", COMPOSED, "other"];
    for (const name of names) write(folder.join("server/tree", name), `this is ${name}`);
    await using server = await ServerProcess.start(folder.join("server"));
    for (const command of ["GET -r tree", "MIRROR tree copy"]) {
      const ran = await connect(disk.join("client"), server.port, command);
      expect(ran.status, ran.stderr).toBe(6);
      expect(ran.stderr).toMatch(/GET tree\/readme: .* in another spelling/i);
      const place = disk.join("client", command.startsWith("GET") ? "tree" : "copy");
      const stored = publishedUnder(place);
      const expected = ["docs/a", "readme", COMPOSED, "other"];
      expect(stored.map((name) => name.toLowerCase()).toSorted()).toEqual(expected.toSorted());
      for (const name of stored) {
        expect(read(`${place}/${name}`)?.toString()).toBe(`this is ${name}`);
      }
    }
  },
);
