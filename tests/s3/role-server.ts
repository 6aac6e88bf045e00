import { temporaryCredentials, type Temporary } from "./temporary.ts";

/** What a container has to show, and what a machine is given to show. */
const CONTAINER_TOKEN = "container-token-7d1f";
const MACHINE_TOKEN = "machine-token-52aa";
const ROLES = "/latest/meta-data/iam/security-credentials/";

/** What becomes of a request: no answer, one that is no answer, or a status. */
export type RoleFault = "hang" | "nonsense" | number;

/** Hands out the credentials of a role on loopback, as a container's host and a machine's do. */
export class RoleServer implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;
  readonly #end = Promise.withResolvers<Response>();
  readonly #given = new Map<string, Temporary & { readonly expires: number }>();
  /** For how long what is handed out is good, by its own word, in milliseconds. */
  lifetime = 3_600_000;
  fault: RoleFault | undefined;
  /** The requests that came, such as `PUT /latest/api/token`. */
  readonly asked: string[] = [];

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** What tells a program that it runs in a container. */
  get ofContainer(): Record<string, string> {
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${this.origin}/role?key=secret-part-of-address`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: CONTAINER_TOKEN,
    };
  }

  /** What tells a program where its machine's role is. */
  get ofMachine(): Record<string, string> {
    return { AWS_EC2_METADATA_SERVICE_ENDPOINT: this.origin };
  }

  /** How often credentials were handed out. */
  get count(): number {
    return this.#given.size;
  }

  /** Whether what was handed out under this id is still good; `undefined` where none was. */
  isGood(id: string): boolean | undefined {
    const given = this.#given.get(id);
    return given && Date.now() < given.expires;
  }

  /** What was handed out is not good any more, whatever it says of itself. */
  revoke(): void {
    for (const [id, given] of this.#given) this.#given.set(id, { ...given, expires: 0 });
  }

  /** Everything that nobody else may see. */
  get secrets(): string[] {
    const given = [...this.#given.values()].flatMap(({ secret, token }) => [secret, token]);
    return [...given, CONTAINER_TOKEN, MACHINE_TOKEN, "secret-part-of-address"];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.resolve(new Response());
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const { method, headers } = request;
    this.asked.push(`${method} ${pathname}`);
    if (this.fault === "hang") return this.#end.promise;
    if (typeof this.fault === "number") return new Response("no", { status: this.fault });
    if (`${method} ${pathname}` === "PUT /latest/api/token") {
      const isAsked = Number(headers.get("x-aws-ec2-metadata-token-ttl-seconds")) > 0;
      return isAsked ? new Response(MACHINE_TOKEN) : new Response("", { status: 400 });
    }
    const isMachine = headers.get("x-aws-ec2-metadata-token") === MACHINE_TOKEN;
    const isContainer = headers.get("authorization") === CONTAINER_TOKEN;
    if (pathname === ROLES && isMachine) return new Response("the-role");
    const isRole = pathname === `${ROLES}the-role` && isMachine;
    if (isRole || (pathname === "/role" && isContainer)) {
      return new Response(await this.#credentials(this.fault === "nonsense" ? "{Secret: " : ""));
    }
    return new Response("", { status: 401 });
  }

  async #credentials(before: string): Promise<string> {
    const made = await temporaryCredentials();
    const expires = Date.now() + this.lifetime;
    this.#given.set(made.id, { ...made, expires });
    return (
      before +
      JSON.stringify({
        Code: "Success",
        Type: "AWS-HMAC",
        AccessKeyId: made.id,
        SecretAccessKey: made.secret,
        Token: made.token,
        Expiration: new Date(expires).toISOString(),
      })
    );
  }
}
