import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { deriveSecret, loadIdentity, readIdentity } from "../../../src/security/identity.ts";
import { parsePin, pinOfCertificate } from "../../../src/security/pin.ts";
import { loadToken, newToken, tokenFile } from "../../../src/security/token.ts";
import { TemporaryFolder } from "../../support/programs.ts";
import { selfSigned } from "./openssl.ts";
import { atOnce } from "./programs.ts";

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

function put(file: string, text: string, mode = 0o600): string {
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

describe("loadIdentity()", () => {
  test("makes one at the first use, for its owner alone, and keeps it", async () => {
    using folder = new TemporaryFolder();
    const state = folder.join("a/b");
    const identity = await loadIdentity(state);
    const certificate = new X509Certificate(identity.cert);
    expect(parsePin(identity.pin)).toBe(pinOfCertificate(certificate));
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.validToDate.getUTCFullYear()).toBe(9999);
    expect(await loadIdentity(state)).toEqual(identity);
    expect(modeOf(state)).toBe(0o700);
    expect(readdirSync(state)).toEqual(["identity.pem"]);
    expect(modeOf(folder.join("a/b/identity.pem"))).toBe(0o600);
    expect((await loadIdentity(folder.join("other"))).pin).not.toBe(identity.pin);
  });

  test("is one where several programs start at the same moment", async () => {
    for (let round = 0; round < 3; round++) {
      using folder = new TemporaryFolder();
      const printed = await atOnce(Array.from({ length: 4 }, () => ["identity", folder.path]));
      expect(new Set(printed).size).toBe(1);
      expect(printed[0]).toBe(`${(await loadIdentity(folder.path)).pin}\n`);
      expect(readdirSync(folder.path)).toEqual(["identity.pem"]);
    }
  });

  test.each([0o640, 0o604, 0o660, 0o777])("refuses a file of mode %o", async (mode) => {
    using folder = new TemporaryFolder();
    await loadIdentity(folder.path);
    const file = folder.join("identity.pem");
    chmodSync(file, mode);
    const said = `${file} can be read by others than its owner: run chmod 600 ${file}`;
    await expect(loadIdentity(folder.path)).rejects.toThrow(said);
  });

  test("refuses a file that is not whole, and leaves it as it is", async () => {
    using folder = new TemporaryFolder();
    await loadIdentity(folder.path);
    const file = folder.join("identity.pem");
    const whole = readFileSync(file, "utf8");
    const { cert: foreign } = await selfSigned();
    const key = /-----BEGIN PRIVATE[^]*END PRIVATE KEY-----\n/.exec(whole)?.[0] ?? "";
    for (const [text, problem] of [
      ["", "holds no certificate"],
      [whole.slice(0, 400), "holds no certificate"],
      [whole.replace(key, ""), "holds no private key"],
      [whole.replace(/(CERTIFICATE-----\n.{9})./, "$1!"), "a certificate that cannot be read"],
      [whole.replace("MIGHAgEA", "MIGHAgEB"), "a private key that cannot be read"],
      [key + foreign, "does not belong to its key"],
    ] as const) {
      writeFileSync(file, text);
      await expect(loadIdentity(folder.path)).rejects.toThrow(problem);
      await expect(loadIdentity(folder.path)).rejects.toThrow(`${file} `);
      await expect(loadIdentity(folder.path)).rejects.toThrow("restore it, or remove it");
      expect(readFileSync(file, "utf8")).toBe(text);
    }
  });

  test("gives secrets that stay, one for each purpose", async () => {
    using folder = new TemporaryFolder();
    const identity = await loadIdentity(folder.path);
    const secret = deriveSecret(identity, "one");
    expect(secret).toHaveLength(32);
    expect(deriveSecret(await loadIdentity(folder.path), "one")).toEqual(secret);
    expect(deriveSecret(identity, "two")).not.toEqual(secret);
    expect(deriveSecret(await loadIdentity(folder.join("other")), "one")).not.toEqual(secret);
  });
});

describe("readIdentity()", () => {
  test.each(["ec", "rsa"] as const)("takes a key of kind %s, and a chain", async (kind) => {
    using folder = new TemporaryFolder();
    const mine = await selfSigned(kind);
    const other = await selfSigned();
    const key = put(folder.join("key"), mine.key);
    const cert = put(folder.join("cert"), `A comment\n${mine.cert}\n${other.cert}`, 0o644);
    const identity = await readIdentity(cert, key);
    expect(identity.pin).toBe(mine.pin);
    expect(identity.cert).toBe(`${mine.cert.trim()}\n${other.cert.trim()}\n`);
    expect(identity.key).toBe(mine.key);
  });

  test("refuses what does not belong together, and names both files", async () => {
    using folder = new TemporaryFolder();
    const [mine, other] = [await selfSigned(), await selfSigned()];
    const key = put(folder.join("key"), mine.key);
    const turned = put(folder.join("cert"), other.cert + mine.cert);
    await expect(readIdentity(turned, key)).rejects.toThrow(
      `${turned} begins with a certificate that does not belong to the key in ${key}: give another`,
    );
    const broken = put(folder.join("broken"), mine.cert + mine.cert.replace(/\n.{9}./, "\n!"));
    await expect(readIdentity(broken, key)).rejects.toThrow("cannot be read (number 2)");
    await expect(readIdentity(key, key)).rejects.toThrow(`${key} holds no certificate`);
    await expect(readIdentity(turned, turned)).rejects.toThrow(`${turned} holds no private key`);
    await expect(readIdentity(folder.join("none"), key)).rejects.toThrow("there is no such file");
  });

  test("refuses a key that others can read, but for the group where it is root's", async () => {
    using folder = new TemporaryFolder();
    const { key, cert, pin } = await selfSigned();
    const certFile = put(folder.join("cert"), cert, 0o644);
    for (const mode of [0o644, 0o660, 0o666, 0o604]) {
      const keyFile = put(folder.join("key"), key, mode);
      await expect(readIdentity(certFile, keyFile)).rejects.toThrow(`run chmod 600 ${keyFile}`);
    }
    const keyFile = put(folder.join("key"), key, 0o640);
    const read = readIdentity(certFile, keyFile);
    if (process.getuid?.() === 0) expect((await read).pin).toBe(pin);
    else await expect(read).rejects.toThrow("chmod 600");
    chmodSync(keyFile, 0o600);
    chmodSync(certFile, 0o666);
    await expect(readIdentity(certFile, keyFile)).rejects.toThrow(
      `${certFile} can be changed by others`,
    );
  });

  test("refuses a key with a passphrase", async () => {
    using folder = new TemporaryFolder();
    const { key, cert } = await selfSigned();
    const [plain, locked] = [put(folder.join("plain"), key), folder.join("locked")];
    const certFile = put(folder.join("cert"), cert);
    const args = ["pkcs8", "-topk8", "-in", plain, "-out", locked, "-passout", "pass:x"];
    expect(Bun.spawnSync(["openssl", ...args]).exitCode).toBe(0);
    chmodSync(locked, 0o600);
    await expect(readIdentity(certFile, locked)).rejects.toThrow("holds a key with a passphrase");
  });
});

describe("loadToken()", () => {
  test("makes one at the first use, for its owner alone, and keeps it", async () => {
    using folder = new TemporaryFolder();
    const state = folder.join("state");
    const token = await loadToken(state);
    expect(token).toMatch(/^(?:[a-km-np-z2-9]{4}-){7}[a-km-np-z2-9]{4}$/);
    expect(readFileSync(tokenFile(state), "utf8")).toBe(`${token}\n`);
    expect([modeOf(state), modeOf(tokenFile(state))]).toEqual([0o700, 0o600]);
    expect(await loadToken(state)).toBe(token);
    expect(readdirSync(state)).toEqual(["token"]);
  });

  test("is one where several programs start at the same moment", async () => {
    using folder = new TemporaryFolder();
    const printed = await atOnce(Array.from({ length: 4 }, () => ["token", folder.path]));
    expect(new Set(printed)).toEqual(new Set([`${await loadToken(folder.path)}\n`]));
  });

  test("is random in every character", async () => {
    using folder = new TemporaryFolder();
    const tokens: string[] = [];
    for (let i = 0; i < 200; i++) tokens.push((await newToken(folder.path)).replaceAll("-", ""));
    expect(new Set(tokens).size).toBe(200);
    for (let at = 0; at < 32; at++) {
      // Of 200 draws from 32 fewer than 24 are different once in 10^20.
      expect(new Set(tokens.map((token) => token.charAt(at))).size).toBeGreaterThan(23);
    }
  });

  test("refuses what others can read, and what is no token", async () => {
    using folder = new TemporaryFolder();
    const token = await loadToken(folder.path);
    const file = put(tokenFile(folder.path), `${token}\n`, 0o644);
    await expect(loadToken(folder.path)).rejects.toThrow(`run chmod 600 ${file}`);
    for (const text of ["", "secret\n", token.slice(1), `${token}a`, token.toUpperCase()]) {
      put(file, text);
      await expect(loadToken(folder.path)).rejects.toThrow(`${file} holds no token`);
    }
  });
});

describe("newToken()", () => {
  test("replaces the one before, whatever that was", async () => {
    using folder = new TemporaryFolder();
    const first = await newToken(folder.path);
    expect(await loadToken(folder.path)).toBe(first);
    put(tokenFile(folder.path), "secret", 0o644);
    const second = await newToken(folder.path);
    expect(second).not.toBe(first);
    expect(await loadToken(folder.path)).toBe(second);
    expect(modeOf(tokenFile(folder.path))).toBe(0o600);
    expect(readdirSync(folder.path)).toEqual(["token"]);
  });

  test("says so where it cannot be kept", async () => {
    using folder = new TemporaryFolder();
    const file = put(folder.join("file"), "");
    await expect(loadToken(file)).rejects.toThrow(`Cannot make the folder ${file}: `);
    mkdirSync(folder.join("state/token"), { recursive: true });
    await expect(newToken(folder.join("state"))).rejects.toThrow("Cannot write");
    expect(readdirSync(folder.join("state"))).toEqual(["token"]);
  });
});
