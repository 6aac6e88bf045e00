/**
 * The least that a program of this runtime can do for the same works: see `peers/bare.ts`. It takes
 * one connection's word for everything, answers no question, and ends where anything fails.
 *
 *     bare serve FOLDER [KEY CERTIFICATE]
 *     bare get|put|get-tree|put-tree|mirror|resume PORT REMOTE LOCAL [tls]
 */
import { join } from "node:path";
import { listOf, sameHere, Storing, treeOf } from "./tree.ts";
import { blocksOf, digestOf, Receiving } from "./file.ts";
import { Pump, take, type Taker } from "./wire.ts";
import { statSync } from "node:fs";

/** What a client asks for, in the first line. */
interface Asked {
  readonly work: string;
  readonly path: string;
  /** Bytes of a file that are there already. */
  readonly held: number;
}

interface Served {
  taker?: Taker;
  pump?: Pump;
}

const [work = "", ...words] = process.argv.slice(2);
if (work === "serve") await serve(words[0] ?? ".", words[1], words[2]);
else await ask(Number(words[0]), words[1] ?? "", words[2] ?? "", words[3] === "tls");

async function serve(root: string, key?: string, certificate?: string): Promise<void> {
  const tls = key && certificate ? { key: Bun.file(key), cert: Bun.file(certificate) } : undefined;
  const listener = Bun.listen<Served>({
    hostname: "127.0.0.1",
    port: 0,
    ...(tls === undefined ? {} : { tls }),
    socket: {
      open: (socket) => {
        socket.data = {};
      },
      data: (socket, bytes) => {
        const { data } = socket;
        if (data.taker !== undefined) return data.taker.took(bytes);
        const end = bytes.indexOf(0x0a);
        const asked: Asked = JSON.parse(bytes.toString("utf8", 0, end));
        const path = join(root, asked.path);
        const stored = (): void => void socket.write("stored\n");
        if (asked.work === "put") data.taker = take(new Receiving(path, 0), stored);
        else if (asked.work === "put-tree") data.taker = take(new Storing(path), stored);
        else data.pump = new Pump(socket, answerTo(asked, path));
        data.taker?.took(bytes.subarray(end + 1));
        data.pump?.run();
      },
      drain: ({ data }) => data.pump?.run(),
    },
  });
  console.log(listener.port);
}

function answerTo({ work: asked, held }: Asked, path: string): Iterator<Uint8Array> {
  if (asked === "get-tree") return treeOf(path);
  if (asked === "mirror") return listOf(path);
  return blocksOf(path, held);
}

async function ask(port: number, remote: string, local: string, tls: boolean): Promise<void> {
  const done = (): never => process.exit(0);
  const held = work === "resume" ? statSync(local).size : 0;
  const isSent = work === "put" || work === "put-tree";
  let taker: Taker | undefined;
  if (work === "get-tree") taker = take(new Storing(local), done);
  else if (work === "mirror") taker = take(sameHere(local), done);
  else if (!isSent && work !== "resume") taker = take(new Receiving(local, held), done);
  let pump: Pump | undefined;
  await Bun.connect({
    hostname: "127.0.0.1",
    port,
    ...(tls ? { tls: { rejectUnauthorized: false } } : {}),
    socket: {
      [tls ? "handshake" : "open"]: (socket: Bun.Socket) => {
        socket.write(`${JSON.stringify({ work, path: remote, held } satisfies Asked)}\n`);
        if (work === "put") pump = new Pump(socket, blocksOf(local, 0));
        if (work === "put-tree") pump = new Pump(socket, treeOf(local));
        pump?.run();
        // While the server digests what there is of it as well.
        if (held > 0) taker = take(new Receiving(local, held, digestOf(local, held)), done);
      },
      data: (_socket, bytes) => (isSent ? done() : taker?.took(bytes)),
      drain: () => pump?.run(),
      close: () => process.exit(1),
    },
  });
}
