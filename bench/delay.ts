import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** More than this under way, in bytes, and no more is taken. */
const WINDOW = 16 * 1024 * 1024;

/** A way to a server that holds each piece for a while, in each direction. */
export class Delay implements Disposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static to(port: number, ms: number): Delay {
    const server = createServer((client) => {
      const onward = connect({ host: "127.0.0.1", port, noDelay: true });
      client.setNoDelay(true);
      pass(client, onward, ms);
      pass(onward, client, ms);
    });
    server.listen(0, "127.0.0.1");
    return new Delay(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  [Symbol.dispose](): void {
    this.#server.close();
  }
}

function pass(from: Socket, to: Socket, ms: number): void {
  let underWay = 0;
  from.on("data", (piece) => {
    underWay += piece.length;
    if (underWay > WINDOW) from.pause();
    setTimeout(() => {
      underWay -= piece.length;
      if (underWay <= WINDOW) from.resume();
      to.write(piece);
    }, ms);
  });
  from.on("end", () => setTimeout(() => to.end(), ms));
  from.on("error", () => to.destroy());
}
