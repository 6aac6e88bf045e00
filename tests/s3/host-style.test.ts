import { expect, test } from "bun:test";
import { read, writeRandom } from "../support/files.ts";
import { connect, run, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { FaultyStore } from "./faulty-store.ts";
import { BUCKET, describeWithGateway, gateway } from "./gateway.ts";
import { S3Ground } from "./s3-ground.ts";

describeWithGateway("a bucket in front of the host", () => {
  test("serves everything that one in the path does", async () => {
    await using ground = await S3Ground.make();
    await using store = await FaultyStore.start(gateway().endpoint);
    const heads: string[] = [];
    store.plan = ({ head }) => {
      heads.push(head);
      return undefined;
    };
    const { port } = new URL(store.endpoint);
    // Every name below localhost is this machine.
    const flags = ["--s3-endpoint", `http://localhost:${port}`, "--s3-style", "host"];
    const env = gateway().environment;
    await using server = await ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, flags, {
      env,
    });
    using folder = new TemporaryFolder();
    const small = writeRandom(folder.join("a b+c"), 1000);
    const large = writeRandom(folder.join("large"), 20 * 1024 * 1024);
    const { status, stdout } = await connect(
      folder.path,
      server.port,
      'PUT "a b+c"; PUT large; MV "a b+c" "ü+#"; GET "ü+#" one; GET large two; MKDIR d; RMDIR d; LS',
    );
    expect({ status, stdout }).toEqual({ status: 0, stdout: "large\nü+#\n" });
    expect(read(folder.join("one"))?.equals(small)).toBe(true);
    expect(read(folder.join("two"))?.equals(large)).toBe(true);
    for (const head of heads) {
      expect(head).toMatch(new RegExp(`^host: ${BUCKET}\\.localhost:${port}\\r?$`, "im"));
      expect(head.split(" ")[1]).not.toStartWith(`/${BUCKET}/`);
    }
    expect((await ground.keys()).filter((key) => !key.startsWith(".sftp-staging/"))).toEqual([
      "large",
      "ü+#",
    ]);
  });

  test("that cannot be there is refused, and how to ask for it is said", async () => {
    const env = gateway().environment;
    const args = ["serve", "--port", "0", "--root", `s3://${BUCKET}`, "--s3-style", "host"];
    const { status, stderr } = await run(args, { env });
    expect(status).not.toBe(0);
    expect(stderr).toContain(`${BUCKET} cannot stand in front of`);
    expect(stderr).toContain("--s3-style path");
  });
});
