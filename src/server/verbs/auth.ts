import type { Request } from "../../protocol/request.ts";
import type { Done, Exchange } from "../exchange.ts";
import { badArgument } from "../failures.ts";

/** Goes on with a login. */
export async function auth(request: Request<"AUTH">, exchange: Exchange): Promise<Done> {
  const { login } = exchange;
  if (login === undefined) throw badArgument("Nobody logs in here: go on without");
  const { code, data } = await login.answer(request.keys);
  const { account } = login;
  if (account === undefined) return { code, fields: { data } };
  exchange.observe({ event: "login", client: exchange.client, user: account.user });
  return { code, fields: { data, denied: account.rights.denied } };
}
