import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import * as fc from "fast-check";
import { SecurityError } from "../../../src/security/errors.ts";
import { isUserName, normalisePassword } from "../../../src/security/password.ts";
import { readSecretFile } from "../../../src/security/secret-file.ts";
import { TemporaryFolder } from "../../support/programs.ts";

function put(file: string, content: string | Uint8Array, mode = 0o600): string {
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

describe("readSecretFile()", () => {
  test.each([
    ["secret", "secret"],
    ["secret\n", "secret"],
    ["secret\r\n", "secret"],
    ["secret\nuser: anna\n", "secret"],
    [" a b \n", " a b "],
    ["p\u00e4ss\n", "p\u00e4ss"],
    ["x".repeat(1024), "x".repeat(1024)],
  ])("reads the first line of %j", async (content, secret) => {
    using folder = new TemporaryFolder();
    expect(await readSecretFile(put(folder.join("f"), content))).toBe(secret);
    expect(await readSecretFile(put(folder.join("f"), content, 0o400))).toBe(secret);
  });

  test.each([0o644, 0o640, 0o620, 0o610, 0o604, 0o602, 0o601])(
    "refuses a file of mode %o",
    async (mode) => {
      using folder = new TemporaryFolder();
      const file = put(folder.join("f"), "secret", mode);
      await expect(readSecretFile(file)).rejects.toThrow(`: run chmod 600 ${file}`);
    },
  );

  test("judges what a link leads to", async () => {
    using folder = new TemporaryFolder();
    const link = folder.join("link");
    symlinkSync(put(folder.join("f"), "secret"), link);
    expect(await readSecretFile(link)).toBe("secret");
    chmodSync(folder.join("f"), 0o644);
    await expect(readSecretFile(link)).rejects.toThrow("can be read by others");
  });

  test.each<[string, string | Uint8Array]>([
    ["holds no secret: write it in its first line", ""],
    ["holds no secret", "\nsecret"],
    ["holds no secret", "\r\nsecret"],
    ["is too long", "x".repeat(1025)],
    ["is too long", "secret\n".repeat(20_000)],
    ["is not text in UTF-8", Uint8Array.of(0x73, 0xff, 0x0a)],
  ])("says that a file %s", async (problem, content) => {
    using folder = new TemporaryFolder();
    const file = put(folder.join("f"), content);
    await expect(readSecretFile(file)).rejects.toThrow(problem);
    await expect(readSecretFile(file)).rejects.toThrow(file);
    await expect(readSecretFile(file)).rejects.not.toThrow("xxx");
  });

  test("reads no folder, no pipe and no device, and never waits", async () => {
    using folder = new TemporaryFolder();
    mkdirSync(folder.join("d"), { mode: 0o700 });
    expect(Bun.spawnSync(["mkfifo", "-m", "600", folder.join("pipe")]).exitCode).toBe(0);
    for (const file of [folder.join("d"), folder.join("pipe"), "/dev/zero"])
      await expect(readSecretFile(file)).rejects.toThrow(`${file} is not a regular file`);
    await expect(readSecretFile(folder.join("none"))).rejects.toThrow(
      `Cannot read ${folder.join("none")}: there is no such file`,
    );
  });

  test("says what to type where the name holds a space", async () => {
    using folder = new TemporaryFolder();
    const file = put(folder.join("it's mine"), "secret", 0o644);
    await expect(readSecretFile(file)).rejects.toThrow(String.raw`/it'\''s mine'`);
  });
});

describe("normalisePassword()", () => {
  test("makes what looks the same the same, and nothing else", () => {
    expect(normalisePassword("a\u0308")).toBe("\u00e4");
    expect(normalisePassword("a\u00a0b\u2003c\u3000d")).toBe("a b c d");
    expect(normalisePassword("²ﬁⅣ")).toBe("²ﬁⅣ");
    expect(normalisePassword(" Ab ")).toBe(" Ab ");
  });

  test("gives the same again, or refuses", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        try {
          const normal = normalisePassword(text);
          expect(normalisePassword(normal)).toBe(normal);
          expect(Buffer.byteLength(normal)).toBeLessThanOrEqual(1024);
        } catch (error) {
          expect(error).toBeInstanceOf(SecurityError);
        }
      }),
    );
  });

  test.each(["", "a\0", "a\tb", "a\nb", "\u007f", "\u0085", "\u2028", "\ud800x", "é".repeat(513)])(
    "refuses %j, and does not repeat it",
    (password) => {
      expect(() => normalisePassword(password)).toThrow("The password ");
      expect(() => normalisePassword(`hunter2${password}\n`)).not.toThrow("hunter2");
    },
  );
});

describe("isUserName()", () => {
  test.each(["a", "Anna", "anna.b", "a-b_c.d", "0", "token", "x".repeat(64)])(
    "takes %s",
    (name) => {
      expect(isUserName(name)).toBe(true);
    },
  );

  test.each(["", ".a", "-a", "_a", "a b", "a\n", "é", "a,b", "a=b", "a/b", "a#b", "x".repeat(65)])(
    "refuses %j",
    (name) => {
      expect(isUserName(name)).toBe(false);
    },
  );
});
