import { Bucket } from "../../../src/storage/s3/bucket.ts";
import { S3Client, type Endpoint } from "../../../src/storage/s3/client.ts";

/** A store on loopback that answers as it is told to. */
export function feignedStore(
  answer: (count: number, request: Request) => Response | Promise<Response>,
): { readonly endpoint: string } & Disposable {
  let count = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => answer(count++, request),
  });
  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

/** A bucket of such a store. */
export function feignedBucket(
  answer: (count: number, request: Request) => Response | Promise<Response>,
  credentials: Endpoint["credentials"] = () =>
    Promise.resolve({ accessKeyId: "x", secretAccessKey: "y" }),
): Bucket & Disposable {
  const store = feignedStore(answer);
  const client = new S3Client({
    url: `${store.endpoint}/bucket`,
    region: "us-east-1",
    credentials,
    timeout: 10_000,
  });
  return Object.assign(new Bucket(client, "bucket"), store);
}

/** The answer that says what is wrong. */
export function refusal(status: number, code: string): Response {
  return new Response(`<Error><Code>${code}</Code></Error>`, { status });
}
