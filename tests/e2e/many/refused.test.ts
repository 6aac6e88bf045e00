import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { Pair } from "../../support/pair.ts";
import { contentsOf, factsOf, writeTree } from "../../support/trees.ts";

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

/** Files that exist, at paths that no program of this kind makes on the other side. */
const ONLY_COPIES = {
  "x:y": "1",
  "dot.": "2",
  con: "3",
  "back\\sl": "4",
  "nfd e\u0301": "5",
  "d:d/in": "6",
  "d:d/deep/in:in": "7",
  "nest/n:n": "8",
  "more/nest/tab\there": "9",
};
/** What is told of them: of what a folder holds only the folder. */
const ONLY_COPIES_TOLD = [
  ["x:y", "holds a backslash or a colon"],
  ["dot.", "ends in a dot or a space"],
  ["con", "is the name of a device on Windows"],
  ["back\\sl", "holds a backslash or a colon"],
  ["nfd e\u0301", "is not in Unicode's composed form (NFC)"],
  ["d:d", "holds a backslash or a colon"],
  ["nest/n:n", "holds a backslash or a colon"],
  ["more/nest/tab\\x09here", "holds a control character"],
] as const;

describe.each([
  ["there", "MIRROR s down", "MIRROR -R --delete down s", "s"],
  ["here", "MIRROR -R s down", "MIRROR --delete down s", "s"],
  ["there", "MIRROR . .", "MIRROR -R --delete . .", ""],
] as const)("what is only %s, and could not come by %s", (side, line, back, folder) => {
  test(`stays with ${back}, named with the reason`, async () => {
    await using pair = await Pair.start({});
    const place = side === "there" ? pair.there(folder) : pair.here(folder);
    writeTree(place, { ...ONLY_COPIES, good: "0", "sub/good": "00" });
    expect((await pair.run(line)).status).toBe(6);
    writeTree(place, { extra: "removed", "nest/extra": "removed", "extras/one/two": "removed" });
    const { extra: _, "nest/extra": __, "extras/one/two": ___, ...kept } = contentsOf(place);
    delete kept["extras/"];
    delete kept["extras/one/"];
    const before = factsOf(place);
    const dry = await pair.run(`${back} -n`);
    expect(factsOf(place)).toEqual(before);
    expect(dry.stderr.match(/Would remove /g)).toHaveLength(5);
    const ran = await pair.run(back);
    expect(contentsOf(place)).toEqual(kept);
    expect(ran.stderr).toContain(": 5 removed");
    for (const { stderr, status } of [dry, ran]) {
      expect(status).toBe(0);
      for (const [name, why] of ONLY_COPIES_TOLD) {
        const shown = folder === "" ? name : `${folder}/${name}`;
        const told = `the other side cannot have its name, which ${why}`;
        expect(stderr).toContain(`${shown} is left alone: ${told}\n`);
      }
      expect(stderr.match(/ is left alone: /g)).toHaveLength(ONLY_COPIES_TOLD.length);
    }
    // The same for a user who does it over and over.
    await pair.run(line);
    await pair.run(back);
    expect(contentsOf(place)).toEqual(kept);
  });

  test(`stays with ${back} also in a folder that a file would take the place of`, async () => {
    await using pair = await Pair.start({});
    const [place, other] =
      side === "there"
        ? [pair.there(folder), pair.here(folder && "down")]
        : [pair.here(folder), pair.there("down")];
    writeTree(place, { "a/b/x:y": "only", "a/c": "1" });
    writeTree(other, { a: "a file", b: "2" });
    const ran = await pair.run(back);
    expect(ran.status).toBe(6);
    expect(ran.stderr).toContain(
      "a/b/x:y in it is left alone: the other side cannot have its name",
    );
    expect(contentsOf(place)).toMatchObject({ "a/b/x:y": "only", "a/c": "1", b: "2" });
  });
});

test("what is left alone for one reason is told ten times, and then counted", async () => {
  await using pair = await Pair.start({ here: { "s/a": "1" } });
  const times = Array.from({ length: 15 }, (_, n) => [`at 10:${n + 10}`, "log"]);
  writeTree(pair.there("s"), Object.fromEntries(times));
  const ran = await pair.run("MIRROR -R --delete s");
  expect(ran.stderr.match(/^s\/at \S+ is left alone: /gm)).toHaveLength(10);
  expect(ran.stderr).toContain("… and 5 more: s/at 10:");
  const all = await pair.run("MIRROR -v -R --delete s");
  expect(all.stderr.match(/^s\/at \S+ is left alone: /gm)).toHaveLength(15);
  expect(Object.keys(pair.served)).toHaveLength(1 + 1 + 15);
});

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
