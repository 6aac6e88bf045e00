import { describe, expect, test } from "bun:test";
import { write } from "../../support/files.ts";
import { connect, run, ServerProcess, TemporaryFolder, type Ran } from "../../support/programs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { SecureClient, SecureScene } from "../../support/secure.ts";
import { snapshot } from "../../support/tree.ts";

/** Runs a command without doing it, and then does it; nothing changes by the first. */
async function both(flags: readonly string[], command: string): Promise<{ dry: Ran; wet: Ran }> {
  using folder = new TemporaryFolder();
  write(folder.join("server/there"), "there");
  write(folder.join("server/site/old"), "old");
  write(folder.join("server/site/kind/in"), "in");
  write(folder.join("client/there"), "here");
  write(folder.join("client/new"), "new");
  write(folder.join("client/site/kind"), "a file");
  await using server = await ServerProcess.start(folder.join("server"), flags);
  const before = snapshot(folder.path);
  const dry = await connect(folder.join("client"), server.port, command, "-n");
  expect(snapshot(folder.path)).toEqual(before);
  return { dry, wet: await connect(folder.join("client"), server.port, command) };
}

const ONLY_READ = "The server does not allow it: you may only read";
const NO_REPLACE = "The server does not allow it: you may replace nothing";
const NO_REMOVE = "The server does not allow it: you may remove and rename nothing";

describe("-n says what the server does not allow, with the status that doing it would have:", () => {
  test.each([
    [["--read-only"], "PUT new", ONLY_READ],
    [["--read-only"], "PUT new there", ONLY_READ],
    [["--read-only"], "PUT -r site", ONLY_READ],
    [["--read-only"], "MIRROR -R site", ONLY_READ],
    [["--read-only"], "RM there", ONLY_READ],
    [["--read-only"], "RM -r site", ONLY_READ],
    [["--read-only"], "RMDIR site", "is not empty"],
    [["--read-only"], "MV there moved", ONLY_READ],
    [["--read-only"], "MKDIR made", ONLY_READ],
    [["--no-overwrite"], "PUT there", NO_REPLACE],
    [["--no-delete"], "RM there", NO_REMOVE],
    [["--no-delete"], "RM -r site", NO_REMOVE],
    [["--no-delete"], "MV there moved", NO_REMOVE],
    [["--no-delete"], "MIRROR -R --delete site", NO_REMOVE],
    [["--no-delete", "--no-overwrite"], "RM there", NO_REMOVE],
  ])("%p %s", async (flags, command, why) => {
    const { dry, wet } = await both(flags, command);
    expect(dry.stderr).toContain(why);
    expect(dry.stderr).not.toContain("Would ");
    expect(dry.status).toBe(6);
    expect(wet.status).toBe(6);
  });
});

test.each([
  ["PUT new a:b", /: The name a:b is not allowed: .* \(on the server\)/],
  ["PUT -r site con/", /: The name con\/\S+ is not allowed: .* \(on the server\)/],
  ["MKDIR con", /: The name con is not allowed: .* \(on the server\)/],
  ["MV there a:b", /: The name a:b is not allowed: .* \(on the server\)/],
  ["GET there nul", /: The name nul is not allowed: .* \(on this side\)/],
])("-n tells of a name that cannot be made: %s", async (command, why) => {
  const { dry, wet } = await both([], command);
  expect(dry).toMatchObject({ status: 6 });
  expect(dry.stderr).toMatch(why);
  expect(dry.stderr).not.toContain("Would");
  expect(wet.status).toBe(6);
});

test("-n plans what the server allows, beside what it does not", async () => {
  const { dry, wet } = await both(["--no-overwrite"], "PUT there new all/; PUT new; PUT new x/");
  expect(dry).toMatchObject({ status: 0 });
  expect(dry.stderr).toMatch(/Would put there .*\nWould put new .*\n[^]*Would put new .*/);
  expect(wet.status).toBe(0);
  const deleting = await both(["--no-delete"], "MIRROR -R site site");
  expect(deleting.dry.stderr).toContain("Would put");
  const read = await both(["--read-only"], "GET there");
  expect(read.dry).toMatchObject({ status: 0 });
  expect(read.dry.stderr).toContain("Would get there");
});

test("events of -n tell code and word as the server would", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("client/new"), "new");
  await using server = await ServerProcess.start(folder.path, ["--read-only"]);
  const { stdout } = await connect(folder.join("client"), server.port, "PUT new", "-n", "--json");
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(events).toContainEqual(
    expect.objectContaining({ event: "failed", side: "remote", code: 553, word: "denied" }),
  );
});

test("the greeting tells what is denied; where one has to log in only the login does", async () => {
  using folder = new TemporaryFolder();
  const greetingOf = async (flags: readonly string[]): Promise<string> => {
    await using server = await ServerProcess.start(folder.path, flags);
    using client = await RawClient.open(server.port);
    return client.greeting;
  };
  expect(await greetingOf([])).not.toContain("denied");
  expect(await greetingOf(["--no-delete"])).toEndWith(" denied=remove");
  expect(await greetingOf(["--read-only"])).toEndWith(" denied=add,replace,remove");
  const users = folder.join("users");
  const added = await run(["user", "add", "anna", "--file", users, "--role", "write"], {
    input: "password\n",
  });
  expect(added.status).toBe(0);
  await using scene = await SecureScene.start(["--tls", "--users", users]);
  using client = await SecureClient.open(scene.port);
  expect(client.raw.greeting).not.toContain("denied");
  expect(await client.logIn("anna", "password")).toEndWith(" denied=replace,remove");
  write(scene.folder.join("server/there"), "there");
  const ran = await scene.connectWith(
    { token: "password" },
    `anna@${scene.pinned}`,
    "STATUS; -PUT there -n; RM there -n",
  );
  expect(ran.stderr).toContain(`RM there: ${NO_REMOVE}`);
  expect(ran.stdout).toMatch(/rights +you may replace, remove and rename nothing\n/);
  expect(ran.status).toBe(6);
});
