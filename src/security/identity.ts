import { createHmac, createPrivateKey, X509Certificate } from "node:crypto";
import { join } from "node:path";
import { SecurityError } from "./errors.ts";
import {
  CHANGED_BY_OTHERS,
  createOnce,
  makeFolder,
  readText,
  readTextIfThere,
  USED_BY_OTHERS,
} from "./files.ts";
import { pinOfCertificate } from "./pin.ts";

/** What a server shows that it is itself. */
export interface Identity {
  /** The private key, in PEM. */
  readonly key: string;
  /** The certificate of the key, and what leads from it to an authority, if anything: in PEM. */
  readonly cert: string;
  /** The pin of the key: what clients compare. */
  readonly pin: string;
}

const MAX_FILE = 262_144;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const KEY = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^]*?-----END \1PRIVATE KEY-----/;

/**
 * The program's own identity, made at the first use. Key and certificate are in one file, so that
 * two programs that start at the same moment cannot make half of it each.
 * @param folder of the program's state
 * @throws {SecurityError}
 */
export async function loadIdentity(folder: string): Promise<Identity> {
  const file = join(folder, "identity.pem");
  const read = (): Identity | undefined => {
    const text = readTextIfThere(file, { max: MAX_FILE, forbidden: () => USED_BY_OTHERS });
    if (text === undefined) return undefined;
    const remedy = "restore it, or remove it for a new identity, which clients have to accept";
    return assemble(text, text, { cert: file, key: file, remedy });
  };
  const there = read();
  if (there !== undefined) return there;
  makeFolder(folder);
  // @peculiar/x509 asks for it to be there first, and a bundle keeps the order of these two alone.
  await import("reflect-metadata");
  const { makeIdentity } = await import("./make-identity.ts");
  createOnce(file, await makeIdentity());
  const made = read();
  if (made === undefined) throw new SecurityError("failed", `${file} has gone again: start again`);
  return made;
}

/**
 * Somebody's own key and certificate, such as an authority gives. The certificate of the key comes
 * first in its file, and those that lead to the authority follow.
 * @throws {SecurityError}
 */
export async function readIdentity(certFile: string, keyFile: string): Promise<Identity> {
  const cert = readText(certFile, { max: MAX_FILE, forbidden: () => CHANGED_BY_OTHERS });
  const key = readText(keyFile, { max: MAX_FILE, forbidden: forbiddenForKeys });
  return assemble(cert, key, { cert: certFile, key: keyFile, remedy: "give another" });
}

/**
 * A secret that only this identity has, and always the same for a purpose: what must stay as it is
 * over the program's starts needs no file of its own.
 * @returns 32 bytes
 */
export function deriveSecret(identity: Identity, purpose: string): Uint8Array {
  const key = createPrivateKey(identity.key).export({ type: "pkcs8", format: "der" });
  return createHmac("sha256", key).update(`simple-ftp ${purpose}`).digest();
}

/**
 * Where root owns the key, a group may read it: that is how a service that is not root comes to its
 * key (PostgreSQL's rule).
 */
function forbiddenForKeys(owner: number): number {
  return owner === 0 ? USED_BY_OTHERS & ~0o040 : USED_BY_OTHERS;
}

interface Files {
  readonly cert: string;
  readonly key: string;
  readonly remedy: string;
}

function assemble(certText: string, keyText: string, files: Files): Identity {
  const broken = (file: string, what: string): SecurityError =>
    new SecurityError("invalid", `${file} ${what}: ${files.remedy}`);
  const chain = certText.match(CERTIFICATE) ?? [];
  const certificates = chain.map((pem, at) => {
    const certificate = attempt(() => new X509Certificate(pem));
    if (certificate !== undefined) return certificate;
    throw broken(files.cert, `holds a certificate that cannot be read (number ${at + 1})`);
  });
  const [leaf] = certificates;
  if (leaf === undefined) throw broken(files.cert, "holds no certificate in PEM");
  const [pem, kind = ""] = KEY.exec(keyText) ?? [];
  if (pem === undefined) throw broken(files.key, "holds no private key in PEM");
  if (kind.includes("ENCRYPTED") || pem.includes("ENCRYPTED")) {
    throw broken(files.key, "holds a key with a passphrase, which nobody could type");
  }
  const key = attempt(() => createPrivateKey(pem));
  if (key === undefined) throw broken(files.key, "holds a private key that cannot be read");
  if (!leaf.checkPrivateKey(key)) {
    const both = files.cert === files.key ? "its key" : `the key in ${files.key}`;
    throw broken(files.cert, `begins with a certificate that does not belong to ${both}`);
  }
  return { key: `${pem}\n`, cert: `${chain.join("\n")}\n`, pin: pinOfCertificate(leaf) };
}

function attempt<Result>(make: () => Result): Result | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
