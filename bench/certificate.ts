import { join } from "node:path";

/** Makes a key and a certificate of its own in a folder, for a server of TLS. */
export function certificateIn(folder: string): {
  readonly key: string;
  readonly certificate: string;
} {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const what = ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate];
  Bun.spawnSync(["openssl", "req", "-x509", ...kind, ...what, "-days", "2"]);
  return { key, certificate };
}
