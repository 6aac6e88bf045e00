import { describe, expect, test } from "bun:test";
import { connect, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { deadPort } from "../support/ports.ts";
import { filesUnder, read, write } from "../support/files.ts";

/** Runs commands in a shell that is not connected. */
function shell(folder: TemporaryFolder, commands: string) {
  return run(["connect", "--root", folder.join("client"), "-c", commands]);
}

test("the five commands say what they did", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("one/welcome.txt"), "welcome");
  write(folder.join("two/other.txt"), "x".repeat(48_211));
  write(folder.join("client/hello.txt"), "hello");
  await using one = await ServerProcess.start(folder.join("one"));
  await using two = await ServerProcess.start(folder.join("two"));
  const ran = await shell(
    folder,
    `OPEN ${one.port}; GET welcome.txt; PUT hello.txt; CLOSE; OPEN 127.0.0.1 ${two.port}; GET other.txt; QUIT`,
  );
  expect(ran).toMatchObject({ status: 0, stdout: "" });
  expect(ran.stderr.trimEnd().split("\n")).toEqual([
    `Connected to 127.0.0.1:${one.port}.`,
    expect.stringMatching(/^GET welcome\.txt: 7 B in \S+ m?s, verified$/),
    expect.stringMatching(/^PUT hello\.txt: 5 B in \S+ m?s, verified$/),
    `Closed the connection to 127.0.0.1:${one.port}.`,
    `Connected to 127.0.0.1:${two.port}.`,
    expect.stringMatching(/^GET other\.txt: 47\.1 KiB in \S+ m?s, verified$/),
    `Closed the connection to 127.0.0.1:${two.port}.`,
  ]);
  expect(read(folder.join("client/welcome.txt"))?.toString()).toBe("welcome");
  expect(read(folder.join("one/hello.txt"))?.toString()).toBe("hello");
  expect(filesUnder(folder.join("client"))).toEqual(["hello.txt", "other.txt", "welcome.txt"]);
});

test("./client is the client's folder, made if absent", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a.txt"), "a");
  await using server = await ServerProcess.start(folder.join("server"));
  const ran = await run(["connect", "-c", `OPEN ${server.port}; GET a.txt`], { cwd: folder.path });
  expect(ran.status).toBe(0);
  expect(read(folder.join("client/a.txt"))?.toString()).toBe("a");
});

test.each(["PORT", "localhost:PORT", "127.0.0.1:PORT"])(
  "sftp connect %s opens",
  async (address) => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("server"));
    const typed = address.replace("PORT", String(server.port));
    const ran = await run(["connect", typed, "--root", folder.join("client"), "-c", "QUIT"]);
    const where = typed.includes(":") ? typed : `127.0.0.1:${typed}`;
    expect(ran.status).toBe(0);
    expect(ran.stderr).toBe(`Connected to ${where}.\nClosed the connection to ${where}.\n`);
  },
);

test("commands and their synonyms in any case", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/a.txt"), "a");
  await using server = await ServerProcess.start(folder.join("server"));
  const commands = `open ${server.port}; gEt a.txt b; Put b c; recv a.txt d; SEND d e; ls; dir; disconnect; bye`;
  const ran = await shell(folder, commands);
  expect(ran.status).toBe(0);
  expect(ran.stdout).toBe("a.txt\nc\ne\n".repeat(2));
  expect(filesUnder(folder.join("server"))).toEqual(["a.txt", "c", "e"]);
});

test("two words rename; quotes hold blanks; a folder takes the name", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("server/notes/a b.txt"), "from the server");
  write(folder.join("client/mine.txt"), "from the client");
  write(folder.join("client/sub/x"), "");
  await using server = await ServerProcess.start(folder.join("server"));
  const ran = await connect(
    folder.join("client"),
    server.port,
    [
      `GET 'notes/a b.txt' "it's here.txt"`,
      String.raw`GET notes/a\ b.txt`,
      "GET /notes/../notes/'a b.txt' sub",
      "PUT mine.txt renamed.txt",
      "PUT mine.txt made/for/it.txt",
      "PUT mine.txt notes",
      "PUT mine.txt fresh/",
      "PUT -- mine.txt",
    ].join("\n"),
  );
  expect(ran.stderr).toContain("GET notes/a b.txt to it's here.txt: 15 B");
  expect(ran.stderr).toContain("PUT mine.txt to renamed.txt: 15 B");
  expect(ran.status).toBe(0);
  expect(filesUnder(folder.join("client"))).toEqual([
    "it's here.txt",
    "mine.txt",
    "notes/a b.txt",
    "sub/a b.txt",
    "sub/x",
  ]);
  expect(filesUnder(folder.join("server"))).toEqual([
    "fresh/mine.txt",
    "made/for/it.txt",
    "mine.txt",
    "notes/a b.txt",
    "notes/mine.txt",
    "renamed.txt",
  ]);
});

test("names of any script survive both ways, byte for byte", async () => {
  using folder = new TemporaryFolder();
  const names = ["Übung ß.txt", "日本 語.txt", "🎉.txt", "a%20b=c+d#e.txt", "-dash", "q'q.txt"];
  for (const name of names) write(folder.join("server/from", name), name);
  for (const name of names) write(folder.join("client/to", name), name);
  await using server = await ServerProcess.start(folder.join("server"));
  const quoted = names.map((name) => `"${name}"`);
  const commands = quoted.flatMap((name) => [`GET from/${name}`, `PUT to/${name}`]).join(";");
  expect((await connect(folder.join("client"), server.port, commands)).status).toBe(0);
  for (const name of names) {
    expect(read(folder.join("client/from", name))?.toString()).toBe(name);
    expect(read(folder.join("server/to", name))?.toString()).toBe(name);
  }
});

test("HELP lists the commands, HELP GET tells more of GET", async () => {
  using folder = new TemporaryFolder();
  const { status, stdout, stderr } = await shell(folder, "HELP");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  for (const command of [
    "OPEN [host] port | name",
    "GET remote... [local]",
    "PUT local... [remote]",
    "CLOSE, QUIT",
  ])
    expect(stdout).toContain(`  ${command}`);
  expect((await shell(folder, "? get")).stdout).toStartWith("GET remote... [local]: get files");
});

describe("what fails says exactly why, with its status", () => {
  test.each([
    ["GET a", 2, "Not connected: use OPEN first, such as OPEN 12000"],
    ["PUT a", 2, "Not connected: use OPEN first, such as OPEN 12000"],
    ["LS", 2, "Not connected: use OPEN first, such as OPEN 12000"],
    ["CLOSE", 2, "Not connected: use OPEN first, such as OPEN 12000"],
    ["GTE a", 2, "There is no command GTE: did you mean GET?"],
    ["opne 12000", 2, "There is no command opne: did you mean OPEN?"],
    ["xyzzy", 2, "There is no command xyzzy: HELP lists what there is"],
    ["HELP ptu", 2, "There is no command ptu: did you mean PUT?"],
    ["OPEN", 2, "OPEN needs more: type OPEN [host] port | name, such as OPEN 12000"],
    [
      "OPEN a b c",
      2,
      "OPEN has a word too many, c: type OPEN [host] port | name, with quotes around a name that holds blanks",
    ],
    ["QUIT now", 2, "QUIT has a word too many, now: type QUIT"],
    ["OPEN 0", 2, "0 is no port: give a number from 1 to 65535"],
    ["OPEN 65536", 2, "65536 is no port: give a number from 1 to 65535"],
    ["OPEN 1 2", 2, "1 is no host: type OPEN [host] port | name"],
    ["OPEN 127.0.0.1 abc", 2, "abc is no port: give a number from 1 to 65535"],
    ["OPEN localhost", 2, "localhost needs a port, such as localhost:12000"],
    ["OPEN ''", 2, "OPEN got an empty word: type OPEN [host] port | name"],
    ["OPEN -1", 2, "OPEN has no option -1: it has none"],
    ["OPEN abc", 2, "abc needs a port, such as abc:12000"],
    ["GET 'a", 2, "A quote ' is not closed"],
  ])("%s", async (command, status, message) => {
    using folder = new TemporaryFolder();
    expect(await shell(folder, command)).toEqual({ status, stdout: "", stderr: `${message}\n` });
  });

  test("nobody listens at that port", async () => {
    using folder = new TemporaryFolder();
    const port = await deadPort();
    const said = `OPEN ${port}: Nobody listens at 127.0.0.1:${port}: check the port, or start sftp serve\n`;
    expect(await shell(folder, `OPEN ${port}`)).toEqual({ status: 3, stdout: "", stderr: said });
    expect(await connect(folder.join("client"), port, "HELP")).toMatchObject({
      status: 3,
      stdout: "",
      stderr: said,
    });
  });

  test("already connected", async () => {
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(folder.join("server"));
    const { status, stderr } = await connect(folder.join("client"), server.port, "OPEN 12000");
    expect(status).toBe(2);
    expect(stderr).toContain(`Already connected to 127.0.0.1:${server.port}: use CLOSE first\n`);
  });

  test.each([
    ["GET none.txt", 5, "GET none.txt: There is no file none.txt (on the server)"],
    ["GET no/where", 5, "GET no/where: There is no folder no (on the server)"],
    ["PUT none.txt", 5, "PUT none.txt: There is no file none.txt (on this side)"],
    ["GET ../x", 6, "GET ../x: ../x leads above the server's root"],
    ["PUT mine.txt ../x", 6, "PUT mine.txt: ../x leads above the server's root"],
    ["GET folder", 6, "GET folder: folder is "],
    ["GET link", 6, "GET link: link is a link, and links are not followed (on the server)"],
    ["GET ''", 2, "GET needs the name of a file: type GET remote... [local]"],
    ["GET /", 2, "GET needs the name of a file: type GET remote... [local]"],
    ["PUT ''", 2, "PUT needs the name of a file: type PUT local... [remote]"],
    ["PUT sub", 6, "PUT sub: sub is "],
    ["PUT mine.txt con", 6, "PUT mine.txt: The name con is not allowed: a part of it is the name "],
    ["PUT mine.txt 'a:b'", 6, "PUT mine.txt: The name a:b is not allowed: a part of it holds a "],
    ["GET .SFTP-staging/x", 6, "GET .SFTP-staging/x: The name .SFTP-staging/x is not allowed: a "],
    ["GET file.txt mine.txt/x", 6, "GET file.txt: mine.txt is not a folder (on this side)"],
    ["MIRROR a b c", 2, "MIRROR has a word too many, c: type MIRROR remote [local], with quotes "],
    ["GET -z folder", 2, "GET has no option -z"],
  ])("%s", async (command, status, message) => {
    using folder = new TemporaryFolder();
    write(folder.join("server/file.txt"), "new");
    write(folder.join("server/folder/file.txt"), "");
    await Bun.$`ln -s file.txt ${folder.join("server/link")}`;
    write(folder.join("client/mine.txt"), "old");
    write(folder.join("client/sub/x"), "");
    await using server = await ServerProcess.start(folder.join("server"));
    const before = filesUnder(folder.path);
    const ran = await connect(folder.join("client"), server.port, command);
    expect(ran).toMatchObject({ status, stdout: "" });
    const [connected, said, closed] = ran.stderr.split("\n");
    expect(connected).toStartWith("Connected to");
    expect(said).toStartWith(message);
    expect(closed).toStartWith("Closed the connection to");
    expect(filesUnder(folder.path)).toEqual(before);
  });
});

test("PUT of an absolute path stores it under its last name, wherever it lies", async () => {
  using folder = new TemporaryFolder();
  write(folder.join("client/sub/inside"), "inside");
  write(folder.join("elsewhere/outside"), "outside");
  await using server = await ServerProcess.start(folder.join("server"));
  const ran = await shell(
    folder,
    `OPEN ${server.port}; PUT ${folder.join("client/sub/inside")}; PUT ${folder.join("elsewhere/outside")}; PUT sub/inside`,
  );
  expect(ran.status).toBe(0);
  expect(filesUnder(folder.join("server"))).toEqual(["inside", "outside", "sub/inside"]);
});
