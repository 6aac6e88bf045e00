import { dlopen } from "bun:ffi";
import { GREETING } from "./hostile-server.ts";

/**
 * As the kernel names them, and their values: a segment as a network has them, since of a loopback's
 * it would take megabytes in advance, and little room for what nobody reads.
 */
const OPTIONS = [
  { level: 6, name: 2, value: 1400 },
  { level: 1, name: 8, value: 4096 },
];

/** The system's library; none where the numbers above are others, or it has another name. */
function openLibrary() {
  if (process.platform !== "linux") return undefined;
  try {
    return dlopen("libc.so.6", {
      setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
    });
  } catch {
    return undefined;
  }
}

const library = openLibrary();

/** Whether a line can be made narrow on this system. */
export const CAN_NARROW = library !== undefined;

/** Has the kernel take little in advance for those who connect to a listener. */
function narrow(descriptor: number): void {
  const failed = OPTIONS.some(({ level, name, value }) => {
    const bytes = new Int32Array([value]);
    return library?.symbols.setsockopt(descriptor, level, name, bytes, bytes.byteLength) !== 0;
  });
  if (failed) throw new Error("The line cannot be made narrow");
}

/** A server that greets, and then never takes anything from the network, of which little fits in. */
export class DeafServer implements Disposable {
  readonly #listener: Bun.TCPSocketListener;

  constructor() {
    this.#listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          socket.pause();
          socket.write(GREETING);
        },
        data: () => undefined,
      },
    });
    if (!("fd" in this.#listener)) throw new Error("The runtime does not tell the descriptor");
    narrow(Number(this.#listener.fd));
  }

  get port(): number {
    return this.#listener.port;
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }
}
