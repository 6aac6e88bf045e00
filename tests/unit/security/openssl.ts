import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { $ } from "bun";
import { TemporaryFolder } from "../../support/programs.ts";

export interface Made {
  readonly key: string;
  readonly cert: string;
  /** The pin of the key, as OpenSSL's own tools give it. */
  readonly pin: string;
}

/** A key and a certificate that this project did not make. */
export async function selfSigned(kind: "ec" | "rsa" = "ec"): Promise<Made> {
  using folder = new TemporaryFolder();
  const [key, cert] = [folder.join("key"), folder.join("cert")];
  const how = kind === "ec" ? ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] : ["rsa:2048"];
  await $`openssl req -x509 -newkey ${how} -nodes -keyout ${key} -out ${cert} -subj /CN=x -days 9`.quiet();
  const spki = await $`openssl pkey -in ${key} -pubout -outform DER`.quiet();
  return {
    key: readFileSync(key, "utf8"),
    cert: readFileSync(cert, "utf8"),
    pin: createHash("sha256").update(spki.stdout).digest("base64url"),
  };
}
