import { expect, test } from "bun:test";
import { writeRandom } from "../../support/files.ts";
import { CAN_NARROW, DeafServer } from "../../support/deaf-server.ts";
import { connect, TemporaryFolder } from "../../support/programs.ts";

const KIB = 1024;

test.skipIf(!CAN_NARROW)(
  "small files that a server never reads end with its silence, as large ones do",
  async () => {
    using folder = new TemporaryFolder();
    for (let i = 0; i < 64; i++) writeRandom(folder.join(`client/d/${i}`), 16 * KIB);
    using server = new DeafServer();
    const ran = await connect(folder.join("client"), server.port, "PUT d/*", "--timeout", "1");
    expect(ran.stderr).toContain("no answer for 1 s");
    expect(ran.status).toBe(3);
  },
  60_000,
);
