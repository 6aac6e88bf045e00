import { expect, test } from "bun:test";
import { writeRandom } from "../support/files.ts";
import { growthDuring } from "../support/memory.ts";
import { connect, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { BUCKET, describeWithGateway, gateway } from "./gateway.ts";
import { S3Ground } from "./s3-ground.ts";

const MIB = 1024 * 1024;
/**
 * Three parts or pieces of 8 MiB, the one that is filled or sent, and what is not yet collected: 128 to
 * 193 MiB on a quiet machine, 234 beside another test. Without a bound it would be the file's 512.
 */
const ALONE = 300 * MIB;
/** Four at once: 198 to 429 MiB, by what is collected when. Without a bound it would be their 768. */
const TOGETHER = 600 * MIB;

describeWithGateway("the memory of a server on a store", () => {
  test("does not grow with a file, nor with several at once", async () => {
    await using ground = await S3Ground.make();
    using folder = new TemporaryFolder();
    await using server = await ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, [], {
      env: gateway().environment,
    });
    const running = async (commands: string): Promise<void> => {
      expect(await connect(folder.path, server.port, commands)).toMatchObject({ status: 0 });
    };
    writeRandom(folder.join("large"), 512 * MIB);
    expect(await growthDuring(server, () => running("PUT large"))).toBeLessThan(ALONE);
    expect(await growthDuring(server, () => running("GET -f large"))).toBeLessThan(ALONE);

    writeRandom(folder.join("f"), 192 * MIB);
    const four = [1, 2, 3, 4];
    const puts = () => Promise.all(four.map((number) => running(`PUT f f${number}`)));
    expect(await growthDuring(server, puts)).toBeLessThan(TOGETHER);
    const gets = () => Promise.all(four.map((number) => running(`GET f${number} g${number}`)));
    expect(await growthDuring(server, gets)).toBeLessThan(TOGETHER);
  });
});
