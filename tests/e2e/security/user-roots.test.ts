import { afterAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { filesUnder, read, write } from "../../support/files.ts";
import { run, TemporaryFolder, type Ran } from "../../support/programs.ts";
import { SecureClient, SecureScene } from "../../support/secure.ts";
import { body, BLOCK_SIZE } from "../../support/wire.ts";

const folder = new TemporaryFolder();
const users = folder.join("users");

async function add(name: string, root: string): Promise<void> {
  const args = ["user", "add", name, "--file", users, "--role", "full", "--root", root];
  const ran = await run(args, { input: `password of ${name}\n` });
  expect(ran.status).toBe(0);
}

await add("inside", "deep/inside");
await add("beside", "deep/inside");
await add("linked", "link");
await add("below", "link/below");
await add("file", "file/below");
await add("staged", "to-be-edited");
// As whoever edits the file by hand may write it.
const edited = readFileSync(users, "utf8").replace("root=to-be-edited", "root=.sftp-staging");
writeFileSync(users, edited);
write(folder.join("outside/secret"), "not for them");
mkdirSync(folder.join("outside/below"));
mkdirSync(folder.join("server"));
symlinkSync(folder.join("outside"), folder.join("server/link"));
write(folder.join("server/file"), "");
write(folder.join("client/mine"), "mine");
const scene = await SecureScene.start(["--tls", "--users", users], folder);
afterAll(() => scene[Symbol.asyncDispose]());

function as(user: string, commands: string): Promise<Ran> {
  const options = { token: `password of ${user}` };
  return scene.connectWith(options, `${user}@${scene.pinned}`, commands);
}

test("the root of a user is made inside the server's, and is all that there is", async () => {
  expect(await as("inside", "PUT mine; LS")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("mine"),
  });
  expect(read(folder.join("server/deep/inside/mine"))?.toString()).toBe("mine");
  // Nor does what was opened for it stay open.
  expect((await as("inside", "GET mine again")).status).toBe(0);
});

test.each([
  ["linked", /The root of linked cannot be opened: link is a link, and links are not followed/],
  ["below", /The root of below cannot be opened: link is a link, and links are not followed/],
  ["file", /The root of file cannot be opened: file is not a folder/],
  ["staged", /The root of staged cannot be opened: The name \.sftp-staging is not allowed/],
])(
  "a root that leads elsewhere is not opened, and only the log says why: %s",
  async (user, log) => {
    const before = filesUnder(folder.join("outside"));
    const ran = await as(user, "LS; GET secret; PUT mine");
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toContain(
      "Your folder on the server cannot be opened: tell whoever runs it",
    );
    expect(ran.stderr).not.toMatch(/outside|links are|staging|not a folder/);
    expect(ran.status).toBe(1);
    await scene.server.waitFor(log);
    expect(filesUnder(folder.join("outside"))).toEqual(before);
  },
);

test("what one user's interrupted upload has left is nothing to another, who shares the root", async () => {
  const key = "part=0123456789abcdef0123456789abcdef";
  const content = Buffer.alloc(BLOCK_SIZE, "one");
  const held = async (user: string): Promise<string> => {
    using client = await SecureClient.open(scene.port);
    await client.logIn(user, `password of ${user}`);
    return await client.raw.sendLine(`HELD large ${key}`).reply();
  };
  {
    using client = await SecureClient.open(scene.port);
    await client.logIn("inside", "password of inside");
    client.raw.send(`PUT large ${key}\n`, body(content), "ABORT\n");
    expect(await client.raw.reply()).toStartWith("426 ");
  }
  expect(await held("beside")).toStartWith("213 offset=0 ");
  write(folder.join("client/large"), Buffer.alloc(100_000));
  expect((await as("beside", "PUT large")).status).toBe(0);
  expect(await held("inside")).toStartWith(`213 offset=${BLOCK_SIZE} `);
  expect((await as("inside", "PUT large")).status).toBe(0);
  expect(await held("inside")).toStartWith("213 offset=0 ");
});
