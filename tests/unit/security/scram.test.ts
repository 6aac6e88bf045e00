import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { SecurityError } from "../../../src/security/errors.ts";
import {
  clientProof,
  keysOf,
  saltedPassword,
  serverSignature,
  storedKeyOfProof,
} from "../../../src/security/scram-keys.ts";
import {
  parseClientFinal,
  parseClientFirst,
  parseServerFinal,
  parseServerFirst,
} from "../../../src/security/scram-messages.ts";
import {
  makeVerifier,
  ScramClient,
  ScramError,
  ScramServer,
  TOKEN_ITERATIONS,
  type Verifier,
} from "../../../src/security/scram.ts";

const BINDING = Uint8Array.from({ length: 32 }, (_, i) => i);
const DECOYS = { decoySecret: new Uint8Array(32).fill(7), decoyIterations: TOKEN_ITERATIONS };
const NOBODY = (): undefined => undefined;

/** RFC 7677, section 3. */
const VECTOR = {
  password: "pencil",
  salt: base64("W22ZaJ0SNY7soEsUEjb6gQ=="),
  clientNonce: "rOprNGfwEbeRWgbNEkqO",
  serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
};
const NONCE = VECTOR.clientNonce + VECTOR.serverNonce;

/** The vector's login as it is over a connection that exports the bytes 0 to 31: made by Python. */
const PLUS = {
  clientFirst: `p=tls-exporter,,n=user,r=${VECTOR.clientNonce}`,
  serverFirst: `r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`,
  clientFinal:
    "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f," +
    `r=${NONCE},p=QC6CS20quADQRb3mT99YUH+n3VJxUvzuK0K0E1Vrs2M=`,
  serverFinal: "v=2GiAgapEppLVlUXbxUDksL3VgYHzuqiK5tR4mhJGgvs=",
};

function base64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

function vectorVerifier(): Promise<Verifier> {
  return makeVerifier(VECTOR.password, { iterations: 4096, salt: VECTOR.salt });
}

function vectorClient(): ScramClient {
  return new ScramClient("user", VECTOR.password, BINDING, VECTOR.clientNonce);
}

async function vectorServer(): Promise<ScramServer> {
  const verifier = await vectorVerifier();
  const find = (user: string): Verifier | undefined => (user === "user" ? verifier : undefined);
  return new ScramServer(BINDING, find, { ...DECOYS, nonce: VECTOR.serverNonce });
}

type Change = (message: string) => string;
const same: Change = (message) => message;

/** A login from one end to the other, with each message changed on its way. */
async function logIn(
  client: ScramClient,
  server: ScramServer,
  [one, two, three, four]: readonly [Change, Change, Change, Change] = [same, same, same, same],
): Promise<string> {
  const answer = server.first(one(client.first()));
  const { user, message } = server.final(three(await client.final(two(answer))));
  client.verify(four(message));
  return user;
}

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("SCRAM-SHA-256", () => {
  test("computes what RFC 7677 shows", async () => {
    const salted = await saltedPassword(VECTOR.password, VECTOR.salt, 4096);
    const authMessage =
      `n=user,r=${VECTOR.clientNonce},r=${NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,` +
      `c=biws,r=${NONCE}`;
    const proof = clientProof(salted, authMessage);
    const { storedKey, serverKey } = keysOf(salted);
    expect(Buffer.from(proof).toString("base64")).toBe(
      "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    );
    expect(Buffer.from(serverSignature(serverKey, authMessage)).toString("base64")).toBe(
      "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    );
    expect(storedKeyOfProof(storedKey, authMessage, proof)).toEqual(storedKey);
  });

  test("says word for word what another implementation says with tls-exporter", async () => {
    const client = vectorClient();
    const server = await vectorServer();
    expect(client.first()).toBe(PLUS.clientFirst);
    expect(server.first(PLUS.clientFirst)).toBe(PLUS.serverFirst);
    expect(await client.final(PLUS.serverFirst)).toBe(PLUS.clientFinal);
    expect(server.final(PLUS.clientFinal)).toEqual({ user: "user", message: PLUS.serverFinal });
    client.verify(PLUS.serverFinal);
  });

  test("client and server agree for any user, password and connection", async () => {
    const user = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
    const password = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
      .filter((text) => !/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text));
    await fc.assert(
      fc.asyncProperty(
        user,
        password,
        password,
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        async (user, password, other, binding) => {
          const verifier = await makeVerifier(password, { iterations: 4096 });
          const find = (name: string): Verifier | undefined =>
            name === user ? verifier : undefined;
          const server = new ScramServer(binding, find, DECOYS);
          expect(await logIn(new ScramClient(user, password, binding), server)).toBe(user);
          fc.pre(other.normalize("NFC") !== password.normalize("NFC"));
          fc.pre(other.replace(/\p{Zs}/gu, " ") !== password.replace(/\p{Zs}/gu, " "));
          const wrong = new ScramClient(user, other, binding);
          expect(await thrownBy(() => logIn(wrong, server))).toBeInstanceOf(ScramError);
        },
      ),
    );
  });

  test("any bit that is changed in any message fails the login", async () => {
    const messages = Object.values(PLUS);
    const verifier = await vectorVerifier();
    const find = (user: string): Verifier | undefined => (user === "user" ? verifier : undefined);
    for (const [which, message] of messages.entries()) {
      for (let bit = 0; bit < message.length * 8; bit++) {
        const at = Math.floor(bit / 8);
        const flip = (text: string): string =>
          text.slice(0, at) +
          String.fromCharCode(text.charCodeAt(at) ^ (1 << (bit % 8))) +
          text.slice(at + 1);
        const change = (index: number): Change => (index === which ? flip : same);
        const server = new ScramServer(BINDING, find, { ...DECOYS, nonce: VECTOR.serverNonce });
        const error = await thrownBy(() =>
          logIn(vectorClient(), server, [change(0), change(1), change(2), change(3)]),
        );
        if (!(error instanceof ScramError)) {
          throw new Error(`message ${which}, bit ${bit}: ${String(error)}`);
        }
      }
    }
  });

  test("nothing in a message makes anything else than a ScramError", async () => {
    const pieces = [...Object.values(PLUS), "m=x,", "e=", "v=", "y,,", "n,,", ",", "=", "i=4096"];
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.string({ unit: fc.constantFrom(...pieces, "a", "0", "é", "\0"), maxLength: 8 }),
    );
    const { salt, ...keys } = await vectorVerifier();
    await fc.assert(
      fc.asyncProperty(text, async (text) => {
        for (const parse of [
          parseClientFirst,
          parseServerFirst,
          parseClientFinal,
          parseServerFinal,
        ])
          expect(
            (await thrownBy(() => parse(text))) ?? new ScramError("invalid", ""),
          ).toBeInstanceOf(ScramError);
        const server = new ScramServer(BINDING, () => ({ salt, ...keys }), DECOYS);
        server.first(PLUS.clientFirst);
        expect(await thrownBy(() => server.final(text))).toBeInstanceOf(ScramError);
        const client = vectorClient();
        fc.pre(text !== PLUS.serverFirst);
        expect(await thrownBy(() => client.verify(text))).toBeInstanceOf(ScramError);
      }),
      { numRuns: 500 },
    );
  });
});

describe("ScramClient", () => {
  const nonce = VECTOR.clientNonce;
  test.each([
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095`, "4095 iterations, fewer"],
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1`, "1 iterations, fewer"],
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001`, "1000001 iterations, more"],
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999`, "the iterations are no number"],
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=04096`, "the iterations are no number"],
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4e3`, "the iterations are no number"],
    [`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, "belongs to another login"],
    [`r=x${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, "belongs to another login"],
    [`r=${nonce.toLowerCase()}xyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, "belongs to another login"],
    [`m=x,r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, "an extension that is not known"],
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,m=x`, "an extension that is not known"],
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gR==,i=4096`, "the salt is not one"],
    [`r=${nonce}x,s=****,i=4096`, "the salt is not one"],
    [`r=${nonce}x,s=,i=4096`, "an attribute is not one"],
    [`s=W22ZaJ0SNY7soEsUEjb6gQ==,r=${nonce}x,i=4096`, "r= is not where it has to be"],
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,i=5000`, "i= comes twice"],
    [`r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==`, "i= is not where it has to be"],
    [`r=${nonce}\u001b[2J,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, "characters that do not belong"],
    ["e=unknown-user", "The server refused the login (unknown-user)"],
    ["e=ignore me and type your password", "The server refused the login"],
    ["", "an attribute is not one"],
  ])("answers nothing to %j", async (message, problem) => {
    const error = await thrownBy(() => vectorClient().final(message));
    expect(error).toBeInstanceOf(ScramError);
    expect(String(error)).toContain(problem);
    expect(String(error)).not.toContain("type your password");
  });

  test("answers nothing to a message without end", async () => {
    const message = `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,x=${"x".repeat(3000)}`;
    expect(String(await thrownBy(() => vectorClient().final(message)))).toContain("it is too long");
  });

  test("ignores an extension that it may ignore", async () => {
    expect(await vectorClient().final(`${PLUS.serverFirst},x=y`)).toStartWith("c=");
  });

  test("takes a server that does not know the password for the wrong one", async () => {
    const client = vectorClient();
    expect(String(await thrownBy(() => client.verify(PLUS.serverFinal)))).toContain(
      "did not prove",
    );
    await client.final(PLUS.serverFirst);
    const other = `v=${Buffer.alloc(32).toString("base64")}`;
    expect(String(await thrownBy(() => client.verify(other)))).toContain("did not prove");
    expect(String(await thrownBy(() => client.verify("v=AA==")))).toContain("is not one");
    expect(String(await thrownBy(() => client.verify("e=other-error")))).toContain("other-error");
  });

  test("takes no name and no password that can be none", () => {
    for (const user of ["", "-a", "a b", "a,b", "a=b", "é", "a\n", "x".repeat(65)])
      expect(() => new ScramClient(user, "secret", BINDING)).toThrow(ScramError);
    for (const password of ["", "a\nb", "\0", "x".repeat(1025), "\ud800"])
      expect(() => new ScramClient("user", password, BINDING)).toThrow(SecurityError);
  });

  test("never uses a nonce twice", () => {
    const firsts = Array.from({ length: 100 }, () => new ScramClient("u", "p", BINDING).first());
    expect(new Set(firsts).size).toBe(100);
    for (const first of firsts) expect(first).toMatch(/^p=tls-exporter,,n=u,r=[A-Za-z0-9+/]{24}$/);
  });
});

describe("ScramServer", () => {
  test.each([
    ["y,,n=user,r=abc", "not bound to this connection"],
    ["n,,n=user,r=abc", "not bound to this connection"],
    ["p=tls-unique,,n=user,r=abc", "not bound by tls-exporter"],
    ["p=tls-server-end-point,,n=user,r=abc", "not bound by tls-exporter"],
    ["p=tls-exporter,a=root,n=user,r=abc", "to act as somebody else"],
    ["p=tls-exporter,,m=x,n=user,r=abc", "an extension that is not known"],
    ["p=tls-exporter,,n=us=2Cer,r=abc", "the user's name is not one"],
    ["p=tls-exporter,,n=user", "r= is not where it has to be"],
    ["p=tls-exporter,,n=user,r=", "an attribute is not one"],
    ["p=tls-exporter,,n=user,r=a b", "the nonce is not one"],
    ["n=user,r=abc", "its header is not one"],
    ["", "its header is not one"],
  ])("refuses the beginning %j", async (message, problem) => {
    const server = await vectorServer();
    const error = await thrownBy(() => server.first(message));
    expect(error).toBeInstanceOf(ScramError);
    expect(String(error)).toContain(problem);
    expect(() => server.final(PLUS.clientFinal)).toThrow("has not been begun");
  });

  test("refuses a nonce without end", async () => {
    const server = await vectorServer();
    const nonce = "a".repeat(257);
    expect(() => server.first(`p=tls-exporter,,n=user,r=${nonce}`)).toThrow("the nonce is not one");
  });

  test("refuses a login that was made for another connection", async () => {
    const verifier = await vectorVerifier();
    for (const binding of [new Uint8Array(32), BINDING.subarray(1), new Uint8Array(0)]) {
      const server = new ScramServer(BINDING, () => verifier, DECOYS);
      const client = new ScramClient("user", VECTOR.password, binding);
      const error = await thrownBy(() => logIn(client, server));
      expect(String(error)).toContain("made for another connection");
    }
  });

  test("refuses a binding without its header, and one that claims there was none", async () => {
    for (const binding of [Buffer.from(BINDING).toString("base64"), "biws", "eSws"]) {
      const server = await vectorServer();
      server.first(PLUS.clientFirst);
      const message = PLUS.clientFinal.replace(/^c=[^,]*/, `c=${binding}`);
      expect(() => server.final(message)).toThrow("made for another connection");
    }
  });

  test("refuses what was heard in another login, and a second try in the same", async () => {
    const server = await vectorServer();
    server.first(PLUS.clientFirst);
    server.final(PLUS.clientFinal);
    expect(() => server.final(PLUS.clientFinal)).toThrow("has not been begun");
    server.first(PLUS.clientFirst);
    expect(() => server.first("n,,n=user,r=abc")).toThrow(ScramError);
    expect(() => server.final(PLUS.clientFinal)).toThrow("has not been begun");
    const verifier = await vectorVerifier();
    const fresh = new ScramServer(BINDING, () => verifier, DECOYS);
    fresh.first(PLUS.clientFirst);
    expect(() => fresh.final(PLUS.clientFinal)).toThrow("belongs to another login");
  });

  test("answers for an unknown user as for a known one with a wrong password", async () => {
    const verifier = await makeVerifier("right", { iterations: DECOYS.decoyIterations });
    const find = (user: string): Verifier | undefined => (user === "known" ? verifier : undefined);
    const shape = (message: string): string => message.replaceAll(/[A-Za-z0-9+/]{20,}/g, "#");
    const answers: string[] = [];
    const errors: unknown[] = [];
    for (const user of ["known", "unknown"]) {
      const client = new ScramClient(user, "wrong", BINDING);
      const server = new ScramServer(BINDING, find, DECOYS);
      const answer = server.first(client.first());
      answers.push(shape(answer));
      const final = await client.final(answer);
      errors.push(await thrownBy(() => server.final(final)));
    }
    expect(answers[1]).toBe(answers[0] ?? "");
    expect(answers[0]).toMatch(/^r=#,s=#==,i=4096$/);
    expect(errors[0]).toBeInstanceOf(ScramError);
    expect(errors[1]).toEqual(errors[0]);
  });

  test("pretends the same salt each time, another for each name and for each server", () => {
    const saltOf = (user: string, secret: number): string => {
      const decoySecret = new Uint8Array(32).fill(secret);
      const server = new ScramServer(BINDING, NOBODY, { ...DECOYS, decoySecret });
      const answer = server.first(new ScramClient(user, "x", BINDING).first());
      return /,s=([^,]*)/.exec(answer)?.[1] ?? "";
    };
    expect(saltOf("anna", 1)).toBe(saltOf("anna", 1));
    expect(new Set([saltOf("anna", 1), saltOf("Anna", 1), saltOf("anna", 2)]).size).toBe(3);
  });
});
