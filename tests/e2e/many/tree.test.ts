import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { ClientProcess } from "../../support/programs.ts";
import { peakDuring } from "../../support/memory.ts";
import { Pair } from "../../support/pair.ts";
import { factsOf } from "../../support/trees.ts";
import { writeAwkwardTree } from "../../support/awkward-tree.ts";

const MIB = 1024 * 1024;
const FILES = 10_000;

/** What `diff -r` says of two folders: nothing where they hold the same. */
async function diff(one: string, other: string): Promise<string> {
  const child = Bun.spawn(["diff", "-r", "--no-dereference", one, other], { stdout: "pipe" });
  return new Response(child.stdout).text();
}

test("a tree of 10,000 files with awkward names goes there and comes back as it was", async () => {
  await using pair = await Pair.start({});
  writeAwkwardTree(pair.here("tree"), FILES, 7);
  await using client = ClientProcess.start(pair.here(), [String(pair.server.port), "--json"]);
  await client.waitFor(/"opened"/);
  const growth: Record<string, number> = {};
  const both = async (name: string, line: string): Promise<void> => {
    const work = async (): Promise<void> => {
      client.type(line);
      await client.waitFor(new RegExp(`"finished","command":"${name}.*`));
    };
    growth[`${name} server`] = await peakDuring(pair.server, async () => {
      growth[`${name} client`] = await peakDuring(client, work);
    });
  };
  await both("PUT", "PUT -r tree");
  await both("GET", "GET -r tree back");
  expect(await client.finish()).toBe(0);

  expect(await diff(pair.here("tree"), pair.there("tree"))).toBe("");
  expect(await diff(pair.here("tree"), pair.here("back"))).toBe("");
  const facts = factsOf(pair.here("tree"));
  expect(facts.filter((fact) => !fact.endsWith("/")).length).toBe(FILES);
  expect(facts.some((fact) => fact.includes(" x "))).toBe(true);
  expect(factsOf(pair.there("tree"))).toEqual(facts);
  expect(factsOf(pair.here("back"))).toEqual(facts);
  // The runtime lets its heap grow to some 140 MiB however much passes; the tree holds 197.
  for (const [name, bytes] of Object.entries(growth)) {
    expect([name, bytes > 176 * MIB]).toEqual([name, false]);
  }
  expect(existsSync(pair.here(".sftp-staging"))).toBe(false);
  expect(existsSync(pair.there(".sftp-staging"))).toBe(false);

  // What is the same is not moved again, and the events add up.
  const again = await pair.run("PUT -u -r tree; MIRROR tree back; MIRROR --checksum -R back tree", [
    "--json",
  ]);
  expect(again.status).toBe(0);
  const finished = again.stdout.split("\n").filter((line) => line.includes('"finished"'));
  expect(finished.map((line): unknown => JSON.parse(line))).toEqual(
    Array.from({ length: 3 }, () =>
      expect.objectContaining({ files: 0, skipped: FILES, failed: 0 }),
    ),
  );
  expect(again.stdout).not.toContain('"transferred"');
}, 240_000);
