import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { Pair } from "../../support/pair.ts";
import { TerminalProgram } from "../../support/terminal.ts";

const FILES = { "photos/p": "1", "Big File.BIN": "2", a: "3", b: "4" };

test.each([
  ["GET photos", 6, "GET photos: photos is a folder: GET -r takes all of it"],
  ["PUT photos", 6, "PUT photos: photos is a folder: PUT -r sends all of it"],
  ["GET Big File.BIN", 5, "There is Big File.BIN: quotes around a name that holds blanks"],
  ["PUT Big File.BIN", 5, "There is Big File.BIN: quotes around a name that holds blanks"],
  ["GET a b into", 6, "into is taken for a source: into/ means the folder"],
  ["PUT a b into", 5, "into is taken for a source: into/ means the folder"],
  ["GET * into", 6, "into is taken for a source: into/ means the folder"],
  ["PUT - -", 2, "needs a name"],
  ["PUT - '-'", 0, ""],
])("%s says what may have been meant", async (line, status, message) => {
  await using pair = await Pair.start(line.startsWith("GET") ? { there: FILES } : { here: FILES });
  mkdirSync(line.startsWith("GET") ? pair.here("into") : pair.there("into"), {
    recursive: true,
  });
  const ran = await pair.run(line);
  expect(ran.status).toBe(status);
  expect(ran.stderr).toContain(message);
});

test("GET of a folder says so as well where there is one on this side", async () => {
  await using pair = await Pair.start({ there: FILES, here: { "photos/q": "9" } });
  const ran = await pair.run("GET photos");
  expect(ran.status).toBe(6);
  expect(ran.stderr).toContain("photos is a folder: GET -r takes all of it");
});

test("no hint where nothing of the kind is there", async () => {
  await using pair = await Pair.start({ there: FILES });
  const ran = await pair.run("GET Small File; QUIT");
  expect(ran.status).toBe(5);
  expect(ran.stderr).not.toContain("quotes");
});

test("PUT - at a prompt says how to do it", async () => {
  await using pair = await Pair.start({});
  await using shell = new TerminalProgram(["connect", String(pair.server.port)], pair.folder.path);
  await shell.waitFor(/> [^\n]*$/);
  await shell.type("PUT - name", /PUT - name[^]*At a terminal there is nothing to read/);
});

test("MIRROR of what is not there says so, and sums nothing up", async () => {
  await using pair = await Pair.start({});
  for (const line of ["MIRROR nosuch", "MIRROR -R nosuch"]) {
    const ran = await pair.run(line);
    expect(ran.status).toBe(5);
    expect(ran.stderr).toContain("There is no folder");
    expect(ran.stderr).not.toContain("nothing to do");
  }
});

test.each(["GET a", "GET a new", "GET a*", "LCD sub; GET a", "LCD sub; GET a ../c", "MIRROR ."])(
  "--json names what %s brings by its absolute path",
  async (line) => {
    await using pair = await Pair.start({ there: { a: "1", b: "2" } });
    mkdirSync(pair.here("sub"), { recursive: true });
    const ran = await pair.run(line, ["--json"]);
    expect(ran.status).toBe(0);
    const folder = line.startsWith("LCD") && !line.includes("..") ? pair.here("sub") : pair.here();
    const name = /GET a (?:\.\.\/)?(new|c)$/.exec(line)?.[1] ?? "a";
    expect(ran.stdout).toContain(`"local":"${folder}/${name}"`);
  },
);
