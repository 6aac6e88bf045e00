import { symlinkSync } from "node:fs";
import { FastClient } from "../../support/fast-client.ts";
import { filesUnder, read, until, write } from "../../support/files.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import type { Random } from "../../support/random.ts";
import { block, BLOCK_SIZE, body, fileDigest } from "../../support/wire.ts";
import { must, pick } from "../part.ts";

const NAMES = [
  ..."../x a/../../x .. . %2e%2e/x .sftp-staging/x a/.SFTP-Staging con nul.txt COM1 a. x%20".split(
    " ",
  ),
  ..."..%5Cx C%3A%5Cx a%00b a%1Bb %C3%28 e%CC%81 a//b %2Fx a%2F..%2Fx".split(" "),
];

/** Names that lead elsewhere, or that not every system can hold. */
export async function hostileNames(random: Random): Promise<void> {
  using folder = new TemporaryFolder();
  write(folder.join("root/f"), "f");
  write(folder.join("canary"), "canary");
  await using server = await ServerProcess.start(folder.join("root"));
  for (let tries = 0; tries < 20; tries++) {
    const name = pick(random, NAMES);
    using client = await FastClient.open(server.port);
    const reply = await ask(random, client, name);
    must(reply.startsWith("5"), `${name} led to ${reply}`);
  }
  must(filesUnder(folder.path).join() === "canary,root/f", () => filesUnder(folder.path).join());
}

async function ask(random: Random, client: FastClient, name: string): Promise<string> {
  switch (random.below(3)) {
    case 0:
      await client.send(`PUT ${name} size=5\n`);
      await client.send(body(Buffer.from("hello")));
      return client.ask("END");
    case 1:
      return client.ask(`MKDIR ${name}`);
    default:
      return client.ask(`RENAME f to=${name}`);
  }
}

/** Links that lead out of the root, or to another file in it. */
export async function links(): Promise<void> {
  using folder = new TemporaryFolder();
  write(folder.join("outside/secret"), "secret");
  write(folder.join("root/f"), "f");
  symlinkSync(folder.join("outside"), folder.join("root/out"));
  symlinkSync("f", folder.join("root/link"));
  await using server = await ServerProcess.start(folder.join("root"));
  using client = await FastClient.open(server.port);
  for (const line of ["GET out/secret", "GET link", "STAT out/secret digest=1", "MKDIR out/new"]) {
    const reply = await client.ask(line);
    must(reply.startsWith("55"), `${line} led to ${reply}`);
  }
  const reply = await client.put("out/new", { content: Buffer.from("new") });
  must(reply.startsWith("55"), `PUT led to ${reply}`);
  must(filesUnder(folder.join("outside")).join() === "secret", "something is outside");
}

/** A name that somebody else takes while an upload that is to replace nothing goes on. */
export async function takenName(): Promise<void> {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.path);
  using one = await FastClient.open(server.port);
  await one.send("PUT x size=3 if=absent\n");
  await one.send(body(Buffer.from("one")));
  // What has to be refused at once was looked at when there is something of it.
  await until(() => filesUnder(folder.path).length > 0);
  write(folder.join("x"), "other");
  const reply = await one.ask(`END digest=${fileDigest(Buffer.from("one"))}`);
  must(reply.startsWith("553 exists "), `it led to ${reply}`);
  must(read(folder.join("x"))?.toString() === "other", "the other's file is replaced");
}

/** An upload that ends before the size that it named. */
export async function tooShort(): Promise<void> {
  using folder = new TemporaryFolder();
  await using server = await ServerProcess.start(folder.path);
  using client = await FastClient.open(server.port);
  const content = Buffer.alloc(BLOCK_SIZE, "content");
  await client.send(`PUT x size=${BLOCK_SIZE + 5}\n`);
  await client.send(block(content));
  const reply = await client.ask(`END digest=${fileDigest(content)}`);
  must(reply.startsWith("551 mismatch "), `it led to ${reply}`);
  must(read(folder.join("x")) === undefined, "it is stored");
}
