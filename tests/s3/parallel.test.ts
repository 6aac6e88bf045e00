import { expect, test } from "bun:test";
import { bytesOf } from "../conformance/ground.ts";
import { ServerProcess } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";
import { FaultyStore } from "./faulty-store.ts";
import { BUCKET, describeWithGateway, gateway } from "./gateway.ts";
import { S3Ground } from "./s3-ground.ts";
import { soon } from "./soon.ts";

const NUMBERS = Array.from({ length: 20 }, (_, index) => index);

function serve(ground: S3Ground, endpoint = gateway().endpoint): Promise<ServerProcess> {
  const env = { ...gateway().environment, AWS_ENDPOINT_URL_S3: endpoint };
  return ServerProcess.start(`s3://${BUCKET}/${ground.prefix}`, [], { env });
}

function put(name: string, content: string): string {
  return `PUT ${name} size=${content.length}\n+${content.length}\n${content}END\n`;
}

describeWithGateway("many requests of one client on a store", () => {
  test("act as if one after the other, and are answered in order", async () => {
    await using ground = await S3Ground.make();
    await using server = await serve(ground);
    using client = await RawClient.open(server.port);
    for (const number of NUMBERS) {
      const name = `d${number % 3}/f${number}`;
      client.send(put(name, `first ${number}`), `GET ${name}\n`, put(name, `again ${number}`));
      client.send(`GET ${name}\nDELETE ${name}\nSTAT ${name}\n`);
    }
    for (const number of NUMBERS) {
      for (const word of ["first", "again"]) {
        expect(await client.reply()).toStartWith("226 ");
        expect(await client.reply()).toStartWith("150 ");
        const { content, end } = await client.body();
        expect(content.toString()).toBe(`${word} ${number}`);
        expect(end).toStartWith("226 ");
      }
      expect(await client.reply()).toBe("250");
      expect(await client.reply()).toStartWith("550 not-found");
    }
    expect(await ground.keys()).toEqual(["d0/", "d1/", "d2/"]);
  });

  test("are carried out beside one that waits for the store, and their answers wait for its", async () => {
    await using ground = await S3Ground.make();
    await using proxy = await FaultyStore.start(gateway().endpoint);
    await using server = await serve(ground, proxy.endpoint);
    proxy.plan = ({ method, target }) =>
      method === "PUT" && target.endsWith("/slow") ? "hold" : undefined;
    using client = await RawClient.open(server.port);
    client.send(put("slow", "slow"), ...NUMBERS.map((number) => put(`f${number}`, "x")));
    await proxy.held;
    const { storage } = ground;
    for (const number of NUMBERS) {
      while ((await storage.stat([`f${number}`]).catch(() => undefined)) === undefined);
    }
    client.sendLine("STAT slow");
    proxy.release();
    for (let answers = 0; answers < 21; answers++) {
      expect(await client.reply()).toStartWith("226 ");
    }
    expect(await client.reply()).toStartWith("213 ");
  });

  test("have small files opened ahead, and what is larger only in its turn", async () => {
    await using ground = await S3Ground.make();
    const { storage } = ground;
    const small = 512 * 1024;
    for (const size of [0, small, small + 1]) await ground.plant([String(size)], bytesOf(size));
    for (const size of [0, small]) {
      const source = await storage.openAhead([String(size)]);
      // Whatever becomes of it until its turn comes, it is there.
      await ground.plant([String(size)], bytesOf(3));
      const buffer = Buffer.alloc(small);
      expect(await source?.read(0, [buffer])).toBe(size);
      expect(buffer.subarray(0, size).equals(bytesOf(size))).toBe(true);
      await source?.close();
    }
    expect(await storage.openAhead([String(small + 1)])).toBeUndefined();
    expect(await storage.openAhead(["missing"])).toBeUndefined();
    expect(await storage.openAhead([])).toBeUndefined();
  });

  test("get a large file as it is when its turn comes", async () => {
    await using ground = await S3Ground.make();
    await using proxy = await FaultyStore.start(gateway().endpoint);
    await using server = await serve(ground, proxy.endpoint);
    const [old, fresh] = [bytesOf(2 ** 20, 1), bytesOf(2 ** 20, 2)];
    await ground.plant(["slow"], bytesOf(1));
    await ground.plant(["large"], old);
    proxy.plan = ({ method, target }) =>
      method === "GET" && target.endsWith("/slow") ? "hold" : undefined;
    using client = await RawClient.open(server.port);
    client.send("GET slow\nGET large\nSTAT large\nSTAT large\n");
    await proxy.held;
    // When what follows was asked for, the file was opened ahead, or was not.
    const isAsked = (asked: string): boolean =>
      asked.startsWith("HEAD ") && asked.endsWith("/large");
    await soon(async () => proxy.asked.filter(isAsked).length === 2);
    await ground.plant(["large"], fresh);
    proxy.release();
    expect(await client.reply()).toStartWith("150 ");
    await client.body();
    expect(await client.reply()).toStartWith("150 ");
    const { content, end } = await client.body();
    expect(content.equals(fresh)).toBe(true);
    expect(end).toStartWith("226 ");
  });
});
