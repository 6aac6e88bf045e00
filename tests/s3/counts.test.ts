import { expect, test } from "bun:test";
import { write } from "../support/files.ts";
import { connect, ServerProcess, TemporaryFolder } from "../support/programs.ts";
import { FaultyStore } from "./faulty-store.ts";
import { BUCKET, describeWithGateway, gateway } from "./gateway.ts";
import { S3Ground } from "./s3-ground.ts";

const FILES = 200;
const FOLDERS = 4;

/** What a request is for: `HEAD`, `GET`, `PUT`, `LIST` and so on. */
function kindOf(asked: string): string {
  const [method = "", target = ""] = asked.split(" ");
  return target.includes("list-type=") ? "LIST" : method;
}

interface Counts {
  readonly HEAD: number;
  readonly GET: number;
  readonly PUT: number;
  readonly DELETE: number;
}

/** What is asked once for many files, or again after some seconds; a share of them on a slow machine. */
const FEW = FILES / 4;

function countsOf(asked: readonly string[]): Counts {
  const count = (kind: string): number => asked.filter((one) => kindOf(one) === kind).length;
  return { HEAD: count("HEAD"), GET: count("GET"), PUT: count("PUT"), DELETE: count("DELETE") };
}

describeWithGateway("what many small files cost in requests", () => {
  test("is what each needs, and for their folders little more", async () => {
    await using ground = await S3Ground.make();
    await using store = await FaultyStore.start(gateway().endpoint);
    using folder = new TemporaryFolder();
    const env = { ...gateway().environment, AWS_ENDPOINT_URL_S3: store.endpoint };
    await using server = await ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, [], { env });
    for (let number = 0; number < FILES; number++) {
      write(folder.join(`tree/d${number % FOLDERS}/f${number}`), `content ${number}`);
    }
    const counted = async (commands: string): Promise<Counts> => {
      const from = store.asked.length;
      expect(await connect(folder.path, server.port, commands)).toMatchObject({ status: 0 });
      return countsOf(store.asked.slice(from));
    };

    // One for each file and folder: that no file stands in the way is seen for all together.
    const put = await counted("PUT -r tree");
    expect(put.PUT).toBe(FILES + FOLDERS + 1);
    expect(put.HEAD + put.GET).toBeLessThan(FEW);
    // A list does not tell the times.
    const listed = await counted("LS -r tree");
    expect(listed.HEAD).toBeLessThan(FILES + FEW);
    expect(listed.GET + listed.PUT).toBe(0);
    const got = await counted("GET -r tree back");
    expect(got.GET).toBe(FILES);
    expect(got.HEAD).toBeLessThan(FILES + FEW);
    const unchanged = await counted("MIRROR tree back");
    expect(unchanged.HEAD).toBeLessThan(FILES + FEW);
    expect(unchanged.GET + unchanged.PUT).toBe(0);
    const again = await counted("PUT -r -u tree");
    expect(again.HEAD).toBeLessThan(FILES + FEW);
    expect(again.GET + again.PUT).toBe(0);
    // What is there is looked at for the list, and when it goes.
    const gone = await counted("RM -r tree");
    expect(gone.DELETE).toBe(FILES + FOLDERS + 1);
    expect(gone.HEAD).toBeLessThan(2 * FILES + FEW);
    expect(gone.PUT).toBeLessThan(FEW);
    expect((await ground.keys()).filter((key) => key.startsWith("tree"))).toEqual([]);
  });
});
