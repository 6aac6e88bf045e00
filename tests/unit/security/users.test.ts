import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { makeVerifier, PASSWORD_ITERATIONS } from "../../../src/security/scram.ts";
import {
  checkRoot,
  putUser,
  readUsers,
  removeUser,
  ROLES,
  Users,
  type User,
} from "../../../src/security/users.ts";
import { TemporaryFolder } from "../../support/programs.ts";
import { atOnce } from "./programs.ts";

const SALT = Buffer.alloc(16, 1).toString("base64");
const KEY = Buffer.alloc(32, 2).toString("base64");
const LINE = `anna write 4096 ${SALT} ${KEY} ${KEY}`;

const bytes = (least: number, most: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: least, maxLength: most });

const part = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 10 })
  .map((text) => text.replaceAll(/[/\0]/g, "_"))
  .filter((text) => text !== "." && text !== ".." && text.isWellFormed());

const someUser: fc.Arbitrary<User> = fc
  .tuple(
    fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
    fc.constantFrom(...ROLES),
    fc.record({
      iterations: fc.integer({ min: 4096, max: 1_000_000 }),
      salt: bytes(8, 128),
      storedKey: bytes(32, 32),
      serverKey: bytes(32, 32),
    }),
    fc.option(fc.array(part, { minLength: 1, maxLength: 4 }), { nil: undefined }),
  )
  .map(([name, role, verifier, root]) =>
    root === undefined ? { name, role, verifier } : { name, role, verifier, root: root.join("/") },
  );

function put(file: string, text: string, mode = 0o600): string {
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

describe("a file of users", () => {
  test("gives back every user that was put into it", async () => {
    const some = fc.uniqueArray(someUser, { maxLength: 4, selector: ({ name }) => name });
    await fc.assert(
      fc.asyncProperty(some, async (wanted) => {
        using folder = new TemporaryFolder();
        const file = folder.join("users");
        for (const user of wanted) await putUser(file, user.name, () => user);
        if (wanted.length === 0) return;
        const users = await readUsers(file);
        expect(Array.from(users)).toEqual(wanted);
        for (const user of wanted) expect(users.find(user.name)).toEqual(user);
      }),
      { numRuns: 50 },
    );
  });

  test("is made for its owner alone, and says what it is", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("users");
    const verifier = await makeVerifier("hunter2", { iterations: 4096 });
    await putUser(file, "anna", () => ({ name: "anna", role: "full", verifier, root: "a b" }));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, "utf8");
    expect(text).toStartWith("# Who may log in");
    expect(text).toMatch(/\nanna full 4096 \S+ \S+ \S+ root=a%20b\n$/);
    expect(text).not.toContain("hunter2");
    expect(readdirSync(folder.path).toSorted()).toEqual([".users.lock", "users"]);
  });

  test("keeps comments, order and all other lines as they are", async () => {
    using folder = new TemporaryFolder();
    const other = LINE.replace("anna", "bert");
    const file = put(folder.join("users"), `# ours\n\n${LINE}\n  ${other}  \n# end`);
    await putUser(file, "anna", (former) => {
      expect(former?.role).toBe("write");
      if (former === undefined) throw new Error("anna is not there");
      return { ...former, role: "read" };
    });
    const changed = LINE.replace("write", "read");
    expect(readFileSync(file, "utf8")).toBe(`# ours\n\n${changed}\n  ${other}  \n# end\n`);
    await removeUser(file, "anna");
    expect(readFileSync(file, "utf8")).toBe(`# ours\n\n  ${other}  \n# end\n`);
    await expect(removeUser(file, "anna")).rejects.toThrow(`There is no user anna in ${file}`);
    await expect(removeUser(file, "BERT")).rejects.toThrow("There is no user BERT");
  });

  test("stays as it is where the change is thought better of", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("users");
    const refuse = (): never => {
      throw new Error("no");
    };
    await expect(putUser(file, "anna", refuse)).rejects.toThrow("no");
    expect(existsSync(file)).toBe(false);
  });

  test("keeps every user where several programs add theirs at once", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("users");
    const names = Array.from({ length: 4 }, (_, program) =>
      Array.from({ length: 20 }, (_, i) => `u${program}-${i}`),
    );
    await atOnce(names.map((some) => ["users", file, ...some]));
    const users = await readUsers(file);
    expect(Array.from(users, ({ name }) => name).toSorted()).toEqual(names.flat().toSorted());
  });

  test.each([
    [`${LINE}\nnonsense`, "line 2: the role of nonsense is not read, write, full"],
    [`# x\n\n${LINE.replace("anna", "-a")}`, "line 3: -a can be no user's name"],
    [LINE.replace("write", "admin"), "line 1: the role of anna is not read, write, full"],
    [LINE.replace("4096", "4095"), "the iterations are no number from 4096 to 1000000"],
    [LINE.replace("4096", "1000001"), "the iterations are no number"],
    [LINE.replace("4096", "4e4"), "the iterations are no number"],
    [LINE.replace(SALT, "AAAA"), "the salt is not whole"],
    [LINE.replace(KEY, KEY.slice(4)), "the stored key is not whole"],
    [LINE.slice(0, -4), "the server key is not whole"],
    [LINE.slice(0, -KEY.length - 1), "the server key is not whole"],
    [`${LINE} role=full`, "stands something else than root=FOLDER"],
    [`${LINE} root=a root=b`, "stands something else than root=FOLDER"],
    [`${LINE} root=`, "the root is no folder inside the server's"],
    [`${LINE} root=../x`, "the root is no folder inside the server's"],
    [`${LINE} root=a/%2e%2e/x`, "the root is no folder inside the server's"],
    [`${LINE} root=/etc`, "the root is no folder inside the server's"],
    [`${LINE} root=a%2fb`, "the root is no folder inside the server's"],
    [`${LINE} root=%ff`, "the root is no folder inside the server's"],
    [`${LINE}\n${LINE}`, "line 2: anna stands in line 1 already"],
  ])("with a bad line is refused as a whole: %j", async (text, problem) => {
    using folder = new TemporaryFolder();
    const file = put(folder.join("users"), text);
    await expect(readUsers(file)).rejects.toThrow(problem);
    await expect(readUsers(file)).rejects.toThrow(`${file}, line `);
    await expect(removeUser(file, "anna")).rejects.toThrow(problem);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("that others can read is refused", async () => {
    using folder = new TemporaryFolder();
    const file = put(folder.join("users"), `${LINE}\n`, 0o640);
    for (const work of [
      () => readUsers(file),
      () => removeUser(file, "anna"),
      () =>
        putUser(file, "anna", () => {
          throw new Error("It was read");
        }),
    ]) {
      await expect(work()).rejects.toThrow(`${file} can be read by others than its owner`);
    }
    await expect(readUsers(folder.join("none"))).rejects.toThrow("there is no such file");
  });
});

describe("Users", () => {
  const user = (name: string, iterations: number): User => ({
    name,
    role: "read",
    verifier: {
      iterations,
      salt: new Uint8Array(16),
      storedKey: new Uint8Array(32),
      serverKey: new Uint8Array(32),
    },
  });

  test("finds by the exact name", () => {
    const users = new Users([user("anna", 4096)]);
    expect(users.find("anna")?.name).toBe("anna");
    for (const name of ["Anna", "ann", "anna ", "__proto__", ""])
      expect(users.find(name)).toBeUndefined();
  });

  test("pretends the iterations that most have", () => {
    expect(new Users([]).usualIterations).toBe(PASSWORD_ITERATIONS);
    const users = [user("a", 4096), user("b", 9000), user("c", 9000), user("d", 5000)];
    expect(new Users(users).usualIterations).toBe(9000);
  });
});

describe("checkRoot()", () => {
  test.each(["team", "team/anna", "a b/ä", "a%2fb", "a,b", "..."])("takes %s", (root) => {
    expect(checkRoot(root)).toBe(root);
  });

  test.each(["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a\0b", "x".repeat(256)])(
    "refuses %j",
    (root) => {
      expect(() => checkRoot(root)).toThrow("is no folder inside the server's root");
    },
  );
});
