import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { GREETING } from "../../support/hostile-server.ts";
import { PlayedServer } from "../../support/played-server.ts";
import { ClientProcess, connect, TemporaryFolder } from "../../support/programs.ts";
import { writeTree } from "../../support/trees.ts";
import { block } from "../../support/wire.ts";

test.each([
  ["PUT -r empty", /^MKDIR/],
  ["GET -n a b", /^STAT/],
  ["GET -u a b", /^STAT/],
  ["MIRROR -R --delete empty t", /^DELETE/],
])("Ctrl-C ends %s where the server answers nothing else", async (line, unanswered) => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("client"), { a: "1", b: "2" });
  mkdirSync(folder.join("client/empty"));
  const listing = ["x", "y"].map((name) =>
    JSON.stringify({ path: `t/${name}`, type: "file", size: 0, mtime: 0 }),
  );
  const asked = Promise.withResolvers<void>();
  let open = 0;
  let aborted = false;
  await using server = await PlayedServer.start((got) => {
    if (got === undefined) return GREETING;
    if (got.startsWith("LIST")) {
      const entries = Buffer.from(`${listing.join("\n")}\n`);
      return Buffer.concat([Buffer.from("150\n"), block(entries), Buffer.from("226\n")]);
    }
    if (got === "ABORT") {
      aborted = true;
      const replies = `${"426 aborted Cancelled\n".repeat(open)}225\n`;
      open = 0;
      return replies;
    }
    if (got === "QUIT") return "221\n";
    if (got.startsWith("STAT empty")) return "550 not-found Nothing\n";
    open++;
    if (unanswered.test(got)) asked.resolve();
    return "";
  });
  const args = [String(server.port), "--timeout", "3600", "-c", line];
  await using client = ClientProcess.start(folder.join("client"), args);
  await asked.promise;
  expect(await client.stop("SIGINT")).toBe(130);
  // Otherwise it gave up only because nothing came.
  expect(aborted).toBe(true);
});

test("--retries is kept with many files where the server does not come back", async () => {
  using folder = new TemporaryFolder();
  const names = Array.from({ length: 300 }, (_, n) => `d/f${n}`);
  writeTree(folder.join("client"), Object.fromEntries(names.map((name) => [name, name])));
  await using server = await PlayedServer.start((got, socket) => {
    if (got === undefined) return GREETING;
    if (got.startsWith("STAT")) return "550 not-found Nothing\n";
    if (got.startsWith("PUT")) {
      socket.destroy();
      void server[Symbol.asyncDispose]();
    }
    return "";
  });
  const args = [String(server.port), "--retries", "2", "-c", "PUT -r d"];
  await using client = ClientProcess.start(folder.join("client"), args);
  expect(await client.ended()).toBe(3);
  expect(client.log.match(/trying again in .* \(\d of 2\)/g)?.length).toBe(2);
  expect(client.log).toContain("(1 of 2)");
  expect(client.log).toContain("(2 of 2)");
});

test("MIRROR tells what is wrong on this side before the server has listed anything", async () => {
  using folder = new TemporaryFolder();
  writeTree(folder.join("client"), { d: "a file" });
  const asked: string[] = [];
  await using server = await PlayedServer.start((got) => {
    if (got === undefined) return GREETING;
    asked.push(got);
    if (got === "ABORT") return "426 aborted Cancelled\n225\n";
    return got === "QUIT" ? "221\n" : "";
  });
  const ran = await connect(folder.join("client"), server.port, "MIRROR d", "--timeout", "3600");
  expect(ran.stderr).toContain("MIRROR d: d is a file on this side\n");
  expect(ran.status).toBe(6);
  expect(asked).toEqual(["LIST d recursive=1", "ABORT", "QUIT"]);
});
