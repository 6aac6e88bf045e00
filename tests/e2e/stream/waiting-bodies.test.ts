import { expect, setDefaultTimeout, test } from "bun:test";
import { FastClient } from "../../support/fast-client.ts";
import { read, writeSparse } from "../../support/files.ts";
import { growthDuring } from "../../support/memory.ts";
import { ServerProcess, TemporaryFolder } from "../../support/programs.ts";
import { steady } from "../../support/steady.ts";
import { body, fileDigest } from "../../support/wire.ts";

setDefaultTimeout(240_000);

const MIB = 1024 * 1024;
const PUTS = 300;

test(`${PUTS} uploads behind a GET that is not read wait outside of the server's memory`, async () => {
  using folder = new TemporaryFolder();
  writeSparse(folder.join("large"), 64 * MIB);
  await using server = await ServerProcess.start(folder.path);
  using client = await FastClient.open(server.port);
  const content = Buffer.alloc(1_000_000, "p");
  const end = `END digest=${fileDigest(content)}\n`;
  const put = Buffer.concat([
    Buffer.from(`PUT p size=${content.length}\n`),
    body(content),
    Buffer.from(end),
  ]);
  let sent = 0;
  const sending = async (): Promise<void> => {
    while (sent < PUTS) {
      await client.send(put);
      sent++;
    }
  };
  client.freeze();
  await client.sendLine("GET large");
  const all = sending();
  expect(await growthDuring(server, () => steady(() => sent))).toBeLessThan(150 * MIB);
  expect(sent).toBeLessThan(PUTS);
  client.thaw();
  expect(await client.reply()).toStartWith("150 ");
  expect((await client.body()).bytes).toBe(64 * MIB);
  for (let answered = 0; answered < PUTS; answered++) {
    expect(await client.reply()).toBe(`226 size=1000000 digest=${fileDigest(content)}`);
  }
  await all;
  expect(read(folder.join("p"))?.equals(content)).toBe(true);
});
