import { expect, spyOn, test } from "bun:test";
import { RequestDecoder } from "../../src/protocol/request-decoder.ts";
import { Session } from "../../src/server/session.ts";
import { LocalStorage } from "../../src/storage/local/local.ts";
import { listen } from "../../src/transport/tcp.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { RawClient } from "../support/raw-client.ts";

test("a fault of the program in reading ends that connection, is told once, and nothing else", async () => {
  using folder = new TemporaryFolder();
  const storage = await LocalStorage.open(folder.join("server"), { make: true });
  const told: unknown[] = [];
  const events: unknown[] = [];
  const gone = Promise.withResolvers<void>();
  const fault = new RangeError("Out of memory");
  const listener = listen("127.0.0.1", 0, {
    expect: () => () => undefined,
    arrive: () => undefined,
    leave: () => undefined,
    accept: (connection) => {
      const session = new Session(connection, {
        storage,
        guard: undefined,
        observe: (event) => events.push(event),
        program: "sftp/test",
        deadlines: { idle: 60_000, line: 60_000, minRate: 1 },
        withheld: new Map(),
        rates: undefined,
        onLogin: () => undefined,
        onGone: () => gone.resolve(),
        onInternalError: (error) => told.push(error),
      });
      void session.run();
    },
  });
  const client = await RawClient.open(listener.port);
  using next = spyOn(RequestDecoder.prototype, "next").mockImplementation(() => {
    throw fault;
  });
  client.sendLine("NOOP");
  await gone.promise;
  expect(next).toHaveBeenCalled();
  expect(told).toEqual([fault]);
  expect(events).toContainEqual(expect.objectContaining({ event: "disconnected" }));
  client[Symbol.dispose]();
  listener.close();
  await storage.close();
});
