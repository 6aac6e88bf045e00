import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { lstat } from "node:fs/promises";
import { entriesOf, expectProblem, listed, store } from "./ground.ts";
import { LocalGround } from "./local-ground.ts";

/** A method that waits for the other end of a pipe fails its test by this, in milliseconds. */
const DEADLINE = 3_000;
const IS_ROOT = process.getuid?.() === 0;

interface Special {
  readonly what: string;
  /** What a listing says of it. */
  readonly reason: string;
  readonly skip: boolean;
  readonly make: (path: string) => Disposable;
}

const KINDS: readonly Special[] = [
  {
    what: "a named pipe",
    reason: "a named pipe",
    skip: false,
    make: (path) => spawned("mkfifo", path),
  },
  {
    what: "a socket",
    reason: "a socket",
    skip: false,
    make: (path) => {
      const server = Bun.listen({ unix: path, socket: { data: () => undefined } });
      return { [Symbol.dispose]: () => server.stop(true) };
    },
  },
  {
    what: IS_ROOT ? "a device without end" : "a device without end (only root can make one)",
    reason: "a device",
    skip: !IS_ROOT,
    make: (path) => spawned("mknod", path, "c", "1", "5"),
  },
];

function spawned(...command: string[]): Disposable {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  return { [Symbol.dispose]: () => undefined };
}

describe("LocalStorage: what is no file", () => {
  for (const { what, reason, skip, make } of KINDS) {
    test.skipIf(skip)(
      `${what} is refused at once, left alone, and listed as refused`,
      async () => {
        await using ground = await LocalGround.make();
        const { storage } = ground;
        using _special = make(ground.at("special"));
        const { ino } = await lstat(ground.at("special"));
        await store(storage, ["own"], "own");
        await expectProblem("not-a-file", () => storage.stat(["special"]));
        await expectProblem("not-a-file", () => storage.open(["special"]));
        await expectProblem("not-a-file", () => storage.create(["special"], {}));
        await expectProblem("not-a-file", () => storage.delete(["special"]));
        await expectProblem("not-a-file", () => storage.rename(["special"], ["moved"]));
        await expectProblem("not-a-file", () => listed(storage, ["special"]));
        await expectProblem("not-a-file", () => storage.open(["special", "x"]));
        await expectProblem("exists", () => storage.rename(["own"], ["special"]));
        await expectProblem("exists", () => storage.makeFolder(["special"]));
        expect((await lstat(ground.at("special"))).ino).toBe(ino);
        const entries = await entriesOf(storage, [], true);
        expect(entries).toContainEqual({ path: ["special"], type: "refused", reason });
        expect(entries).toHaveLength(2);
      },
      DEADLINE,
    );
  }

  test(
    "many that ask for a pipe hold up nobody",
    async () => {
      await using ground = await LocalGround.make();
      const { storage } = ground;
      using _pipe = spawned("mkfifo", ground.at("pipe"));
      const asking = Array.from({ length: 100 }, () =>
        expectProblem("not-a-file", () => storage.open(["pipe"])),
      );
      await store(storage, ["f"], "x");
      await Promise.all(asking);
    },
    DEADLINE,
  );

  test("names that are not valid UTF-8 are listed as refused, each of them", async () => {
    await using ground = await LocalGround.make();
    const { storage, root } = ground;
    const names = [
      Buffer.from([0xff]),
      Buffer.from([0x61, 0xc0, 0xaf, 0x62]),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from("gr\u00f6\u00dfe", "latin1"),
    ];
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), "x");
    // This one holds the character that stands for others that are not valid.
    await store(storage, ["\ufffd"], "valid");
    const entries = await entriesOf(storage, []);
    expect(entries).toHaveLength(names.length + 1);
    const refused = entries.filter((entry) => entry.type === "refused");
    expect(refused).toHaveLength(names.length);
    for (const { reason } of refused) expect(reason).toBe("its name is not valid UTF-8");
    expect(await storage.stat(["\ufffd"])).toMatchObject({ type: "file", size: 5 });
  });

  test("a time before 1970 is told as 0", async () => {
    await using ground = await LocalGround.make();
    await ground.plant(["f"], Buffer.from("x"));
    using _touched = spawned("touch", "-d", "1969-12-31T23:59:58.5Z", ground.at("f"));
    expect((await ground.storage.stat(["f"])).mtime).toBe(0);
  });
});
