import { expect, test } from "bun:test";
import { uploadSmall } from "../../src/client/small-uploads.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { CAN_NARROW, DeafServer } from "../support/deaf-server.ts";
import { TemporaryFolder } from "../support/programs.ts";
import { openSession } from "../support/session.ts";
import { steady } from "../support/steady.ts";

const MIB = 1024 * 1024;
/** Files that are sent as one, and bytes of each. */
const GROUP = 64;
const SIZE = 16 * 1024;

/** Nobody is told anything. */
const NOBODY = { moved: () => undefined, failed: () => undefined };

test.skipIf(!CAN_NARROW)(
  "of many groups of small files few are read and none is queued before the one before it has left",
  async () => {
    using folder = new TemporaryFolder();
    using server = new DeafServer();
    const session = await openSession(folder, server.port);
    let read = 0;
    const readSmall: Storage["readSmall"] = async (paths) => {
      read++;
      return paths.map(() => ({ content: Buffer.alloc(SIZE), mtime: 0, exec: false }));
    };
    // Nothing else of a storage is asked for.
    const storage = { readSmall } as Storage;
    const { signal } = new AbortController();
    const all = Array.from({ length: 16 }, (_, group) => {
      const files = Array.from({ length: GROUP }, (_, file) => {
        const path = ["d", `${group}-${file}`];
        return { local: path, remote: path };
      });
      return uploadSmall(session, files, storage, signal, NOBODY);
    });
    const { connection } = session;
    await steady(() => read + connection.queued);
    expect(read).toBe(3);
    expect(connection.queued).toBeGreaterThan(0.5 * MIB);
    expect(connection.queued).toBeLessThan(1.25 * MIB);
    connection.destroy("enough");
    await Promise.allSettled(all);
    // Nobody reads what cannot be sent any more.
    expect(read).toBeLessThanOrEqual(3);
    await session.destroy();
  },
  60_000,
);
