import { expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { Pair } from "../../support/pair.ts";
import { contentsOf, writeTree } from "../../support/trees.ts";

/** Names that exist and cannot be created on the other side. */
const UNCREATABLE = [
  "a:b",
  "CON",
  "ends.",
  "ends ",
  "back\\slash",
  "e\u0301",
  "con.txt",
  "tab\there",
];
/** A name in Latin-1, which is not valid UTF-8. */
const LATIN1 = Buffer.from("caf\u00e9", "latin1");

/** A folder with files that can be moved, and entries that cannot be served or created. */
function writeMixed(folder: string): void {
  writeTree(folder, { "good.txt": "1", "sub/good.txt": "2" });
  for (const name of UNCREATABLE) writeTree(folder, { [name]: "3", [`sub/${name}`]: "4" });
  symlinkSync("good.txt", `${folder}/link`);
  symlinkSync("sub", `${folder}/link to folder`);
  symlinkSync("/etc/passwd", `${folder}/sub/outside`);
  Bun.spawnSync(["mkfifo", `${folder}/pipe`]);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), LATIN1]), "5");
}

/** How people are told of each, as far as it can be said. */
const NAMED = [
  ...UNCREATABLE.map((name) => name.replace("\t", "\\x09")),
  "link",
  "link to folder",
  "pipe",
  "caf",
];

test.each([
  ["GET", "GET -r mixed"],
  ["PUT", "PUT -r mixed"],
  ["GET", "MIRROR mixed"],
  ["PUT", "MIRROR -R mixed"],
  ["GET", "GET -r mix*"],
  ["PUT", "PUT -r mix*"],
])(
  "%s: what cannot be served or created stays out, named, with status 6: %s",
  async (way, line) => {
    await using pair = await Pair.start({});
    writeMixed(way === "GET" ? pair.there("mixed") : pair.here("mixed"));
    const ran = await pair.run(line, ["--json"]);
    expect(ran.status).toBe(6);
    const arrived = way === "GET" ? pair.held : pair.served;
    expect(arrived).toEqual({
      "mixed/": "",
      "mixed/good.txt": "1",
      "mixed/sub/": "",
      "mixed/sub/good.txt": "2",
    });
    const events = ran.stdout
      .trim()
      .split("\n")
      .map((text): Record<string, unknown> => JSON.parse(text));
    const failed = events.filter(({ event, path }) => event === "failed" && path !== undefined);
    const paths = failed.map(({ path }) => String(path));
    for (const name of UNCREATABLE) {
      expect(paths).toContain(`mixed/${name}`);
      expect(paths).toContain(`mixed/sub/${name}`);
    }
    for (const name of ["link", "link to folder", "sub/outside", "pipe", "caf\ufffd"]) {
      expect(paths).toContain(`mixed/${name}`);
    }
    expect(failed.length).toBe(2 * UNCREATABLE.length + 5);
    expect(failed.every(({ status }) => status === 6)).toBe(true);
    expect(events.filter(({ event }) => event === "finished")).toEqual([
      expect.objectContaining({ files: 2, failed: failed.length }),
    ]);
    // People are told as well.
    for (const name of NAMED) expect(ran.stderr).toContain(name);
  },
);

test.each([
  ["GET", "MIRROR --delete mixed"],
  ["PUT", "MIRROR -R --delete mixed"],
])(
  "%s: --delete spares the like of what cannot be served: %s",
  async (way, line) => {
    await using pair = await Pair.start({});
    const [source, target] =
      way === "GET"
        ? [pair.there("mixed"), pair.here("mixed")]
        : [pair.here("mixed"), pair.there("mixed")];
    writeMixed(source);
    writeTree(target, {
      link: "not served there",
      "link to folder/with/files": "nor what is in it",
      pipe: "nor a pipe",
      "caf\ufffd": "shown alike",
      "a:b": "made by other means",
      "\u00e9": "composed",
      "sub/outside": "kept",
      extra: "removed",
      "extras/one/two": "removed",
      "sub/extra": "removed",
    });
    symlinkSync("good.txt", `${target}/a link of its own`);
    mkdirSync(`${target}/holds`);
    symlinkSync("x", `${target}/holds/link`);
    writeTree(target, { "holds/extra": "removed" });
    const ran = await pair.run(line);
    expect(ran.status).toBe(6);
    expect(Object.keys(contentsOf(target)).filter((name) => !name.endsWith("/"))).toEqual(
      [
        "a:b",
        "caf\ufffd",
        "good.txt",
        "link",
        "link to folder/with/files",
        "pipe",
        "sub/good.txt",
        "sub/outside",
        "\u00e9",
        "a link of its own",
        "holds/link",
      ].toSorted(),
    );
    for (const name of ["link", "link to folder", "pipe", "a link of its own", "holds/link"]) {
      expect(ran.stderr).toContain(`${name} is left alone`);
    }
    // Once for the folder, not for each file in it.
    expect(ran.stderr).not.toContain("link to folder/with");
    expect(existsSync(`${target}/extras`)).toBe(false);
  },
  240_000,
);

test("a folder that cannot be read counts as failed, and its like is spared", async () => {
  // Root reads everything: a folder too deep stands for one that cannot be read.
  const deep = Array.from({ length: 70 }, (_, depth) => `d${depth}`).join("/");
  await using pair = await Pair.start({
    there: { [`${deep}/f`]: "1" },
    here: { [`${deep}/f`]: "mine", x: "2" },
  });
  const ran = await pair.run("MIRROR --delete .");
  expect(ran.status).toBe(6);
  expect(ran.stderr).toContain("folders deep");
  expect(pair.held[`${deep}/f`]).toBe("mine");
  expect(pair.held["x"]).toBeUndefined();
});
