import { AwsV4Signer } from "aws4fetch";
import { gateway } from "./gateway.ts";

/** Credentials that a store has made for a time, with the token that belongs to them. */
export interface Temporary {
  readonly id: string;
  readonly secret: string;
  readonly token: string;
}

/** Asks the gateway for credentials as a role has them: good for a quarter of an hour at least. */
export async function temporaryCredentials(): Promise<Temporary> {
  permitted ??= ask("iam", {
    Action: "PutUserPolicy",
    UserName: "sftp",
    PolicyName: "temporary",
    PolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: ["sts:GetSessionToken", "s3:*"], Resource: "*" }],
    }),
  });
  await permitted;
  const answer = await ask("sts", { Action: "GetSessionToken", DurationSeconds: "900" });
  const text = (name: string): string => {
    const [, value] = new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer) ?? [];
    if (value === undefined) throw new Error(`there is no ${name} in ${answer}`);
    return value;
  };
  return { id: text("AccessKeyId"), secret: text("SecretAccessKey"), token: text("SessionToken") };
}

let permitted: Promise<unknown> | undefined;

async function ask(service: string, parameters: Record<string, string>): Promise<string> {
  const { endpoint, environment } = gateway();
  const body = new URLSearchParams(parameters).toString();
  const signer = new AwsV4Signer({
    method: "POST",
    url: `${endpoint}/`,
    body,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    service,
    region: "us-east-1",
    accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
  });
  const { url, headers } = await signer.sign();
  const answer = await fetch(url, { method: "POST", headers, body });
  return answer.text();
}
