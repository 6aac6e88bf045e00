import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync } from "node:fs";
import { filesUnder, read, write } from "../../support/files.ts";
import { run, TemporaryFolder, type Ran } from "../../support/programs.ts";
import { SecureClient, SecureScene } from "../../support/secure.ts";

const folder = new TemporaryFolder();
const users = folder.join("users");

async function add(name: string, ...flags: string[]): Promise<void> {
  const args = ["user", "add", name, "--file", users, ...flags];
  const ran = await run(args, { input: `password of ${name}\n` });
  expect(ran.status).toBe(0);
}

await add("reader", "--role", "read");
await add("writer", "--role", "write");
await add("boss", "--role", "full");
await add("anna", "--role", "full", "--root", "home/anna");
await add("second", "--role", "full", "--root", "home/anna");
const scene = await SecureScene.start(["--tls", "--users", users], folder);
afterAll(() => scene[Symbol.asyncDispose]());
write(folder.join("server/there"), "there");
write(folder.join("client/new"), "new");

function as(user: string, commands: string): Promise<Ran> {
  const options = { token: `password of ${user}` };
  return scene.connectWith(options, `${user}@${scene.pinned}`, commands);
}

/** What the server answers a user to these lines. */
async function answers(user: string, ...lines: string[]): Promise<string[]> {
  using client = await SecureClient.open(scene.port);
  expect(await client.logIn(user, `password of ${user}`)).toStartWith("230 ");
  const replies: string[] = [];
  for (const line of lines) {
    client.raw.sendLine(line);
    let reply = await client.raw.reply();
    if (reply.startsWith("150")) reply = (await client.raw.body()).end;
    replies.push(reply.split(" ").slice(0, 2).join(" "));
  }
  return replies;
}

test("the server says who has to be named, and that there is no token", async () => {
  expect(scene.server.log).toContain(`sftp connect USER@${scene.pinned}\n`);
  expect(scene.server.log).toContain("5 users may log in.");
  expect(filesUnder(folder.join("server-state"))).toEqual(["sftp/identity.pem"]);
  using client = await SecureClient.open(scene.port);
  expect(await client.logIn("token", "anything")).toStartWith("530 ");
});

describe("the role", () => {
  const KEY = "0".repeat(32);

  test("read: gets and lists, and changes nothing", async () => {
    const denied = "553 denied";
    expect(
      await answers(
        "reader",
        "GET there",
        "LIST",
        "STAT there",
        "NOOP",
        "PUT new\nEND",
        `HELD new part=${KEY}`,
        "MKDIR made",
        "DELETE there",
        "RENAME there to=moved",
        "QUIT",
      ),
    ).toMatchObject([
      expect.stringMatching(/^226/),
      "226",
      "213 type=file",
      "200",
      denied,
      denied,
      denied,
      denied,
      denied,
      "221",
    ]);
    const ran = await as("reader", "GET there; PUT new");
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain("The role read does not allow storing files");
    expect(existsSync(folder.join("server/new"))).toBe(false);
  });

  test("write: adds, and neither overwrites nor removes", async () => {
    expect((await as("writer", "PUT new added")).status).toBe(0);
    expect(read(folder.join("server/added"))?.toString()).toBe("new");
    expect(
      await answers(
        "writer",
        "PUT there\n+3\nbadEND",
        `PUT there part=${KEY} offset=0\n+3\nbadEND`,
        "DELETE there",
        "RENAME there to=moved",
        "MKDIR made",
        "STAT there",
      ),
    ).toEqual(["553 exists", "553 exists", "553 denied", "553 denied", "250", "213 type=file"]);
    expect(read(folder.join("server/there"))?.toString()).toBe("there");
  });

  test("full: does everything", async () => {
    expect(
      await answers("boss", "MKDIR x", "RENAME x to=y", "PUT y/f\n+1\naEND", "PUT y/f\n+1\nbEND"),
    ).toEqual(["250", "250", "226 size=1", "226 size=1"]);
    expect(read(folder.join("server/y/f"))?.toString()).toBe("b");
  });
});

describe("a root of one's own", () => {
  test("is all that its user sees, is made, and is shared by those who have the same", async () => {
    expect((await as("anna", "PUT new mine")).status).toBe(0);
    expect(read(folder.join("server/home/anna/mine"))?.toString()).toBe("new");
    expect((await as("anna", "LS")).stdout).toBe("mine\n");
    expect((await as("second", "LS")).stdout).toBe("mine\n");
    expect(await answers("anna", "STAT there", "STAT ..%2F..%2Fthere", "STAT ../../there")).toEqual(
      ["550 not-found", "553 name", "553 name"],
    );
    expect((await as("boss", "LS home/anna")).stdout).toBe("mine\n");
  });
});

test("the password of one is not that of another, and decides over nobody else", async () => {
  const options = { token: "password of boss" };
  const ran = await scene.connectWith(options, `reader@${scene.pinned}`, "LS");
  expect(ran.status).toBe(4);
});

describe("a file of users", () => {
  test.each([
    ["that others can read", 0o644, "reader read\n", "can be read by others", 4],
    ["that names nobody", 0o600, "# nobody\n", "names no user, so nobody could log in", 1],
    ["that is damaged", 0o600, "anna full 4096 x\n", "line 1", 2],
  ])("%s is refused at the start", async (_, mode, content, told, status) => {
    using other = new TemporaryFolder();
    write(other.join("users"), content);
    chmodSync(other.join("users"), mode);
    const args = ["serve", "--tls", "--port", "0", "--users", other.join("users")];
    const env = { XDG_STATE_HOME: other.join("state") };
    const ran = await run(args, { cwd: other.path, env });
    expect(ran.stderr).toContain(told);
    expect(ran.status).toBe(status);
  });

  test("that is not there is refused: 5", async () => {
    using other = new TemporaryFolder();
    const args = ["serve", "--port", "0", "--users", other.join("none")];
    const env = { XDG_STATE_HOME: other.join("state") };
    const ran = await run(args, { cwd: other.path, env });
    expect(ran.status).toBe(5);
  });
});
