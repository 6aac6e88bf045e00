import { connectTls } from "../../src/transport/tls-connect.ts";
import { ScramClient } from "../../src/security/scram.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { many } from "./crowd.ts";
import { MECHANISM } from "./secure.ts";

/**
 * Holds many connections over TLS, all logged in: a program of its own, since one can hold only some
 * thousands. Says `held` when all are there; at each line that it reads it has all of them ask for
 * something, and says how many were answered.
 */
const [port = "", count = ""] = process.argv.slice(2);
const token = process.env["SFTP_TOKEN"] ?? "";
/** Fewer than may wait for their login. */
const AT_ONCE = 16;

const idlers: Connection[] = [];

/** Asks for something, if told to, and gives the next line: nothing comes behind it. */
async function ask(connection: Connection, request?: string): Promise<string> {
  if (request !== undefined) connection.write(`${request}\n`);
  let line = "";
  while (!line.endsWith("\n")) {
    const piece = await connection.read();
    if (piece === undefined) throw new Error(`closed behind ${line}`);
    line += Buffer.from(piece).toString("latin1");
  }
  return line.trimEnd();
}

const encode = (message: string): string => Buffer.from(message).toString("base64url");

async function open(): Promise<Connection> {
  const { connection, binding } = await connectTls("127.0.0.1", Number(port), {
    name: "127.0.0.1",
    timeout: 60_000,
    authorities: false,
  });
  const greeting = await ask(connection);
  if (!greeting.startsWith("220 ")) throw new Error(greeting);
  const scram = new ScramClient("token", token, binding);
  const begun = await ask(connection, `AUTH mechanism=${MECHANISM} data=${encode(scram.first())}`);
  const first = Buffer.from(begun.replace("334 data=", ""), "base64url").toString();
  const reply = await ask(connection, `AUTH data=${encode(await scram.final(first))}`);
  if (!reply.startsWith("230 ")) throw new Error(reply);
  return connection;
}

await many(Number(count), async () => void idlers.push(await open()), AT_ONCE);
process.stdout.write("held\n");
for await (const _ of console) {
  let answered = 0;
  await many(idlers.length, async (index) => {
    const idler = idlers[index];
    if (idler !== undefined && (await ask(idler, "NOOP")) === "200") answered++;
  });
  process.stdout.write(`answered ${answered}\n`);
}
process.exit(0);
