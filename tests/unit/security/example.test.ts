import { expect, test } from "bun:test";
import { join } from "node:path";
import { makeVerifier, ScramClient, ScramServer } from "../../../src/security/scram.ts";

test("the login that docs/PROTOCOL.md shows is what comes of the bytes that it names", async () => {
  const binding = Uint8Array.from({ length: 32 }, (_, i) => i);
  const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
  const verifier = await makeVerifier("pencil", { iterations: 4096, salt });
  const client = new ScramClient("user", "pencil", binding, "rOprNGfwEbeRWgbNEkqO");
  const server = new ScramServer(binding, () => verifier, {
    decoySecret: new Uint8Array(32),
    decoyIterations: 4096,
    nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  });
  const first = client.first();
  const answer = server.first(first);
  const final = await client.final(answer);
  const { message } = server.final(final);
  client.verify(message);
  const page = await Bun.file(join(import.meta.dir, "../../../docs/PROTOCOL.md")).text();
  const encode = (text: string): string => Buffer.from(text).toString("base64url");
  expect(page).toContain(`${[first, answer, final, message].join("\n")}\n`);
  expect(page).toContain(`C: AUTH mechanism=SCRAM-SHA-256-PLUS data=${encode(first)}\n`);
  expect(page).toContain(`S: 334 data=${encode(answer)}\n`);
  expect(page).toContain(`C: AUTH data=${encode(final)}\n`);
  expect(page).toContain(`S: 230 data=${encode(message)}\n`);
});
