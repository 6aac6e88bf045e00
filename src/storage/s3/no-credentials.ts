/** What the library says that helps, and never has a secret in it. */
const HARMLESS = /^(?:The SSO session|Could not resolve credentials using profile|Profile )[^\n]*/;

/** How the library says that no place had any. */
const NOWHERE = "Could not load credentials from any providers";

/** Where credentials were looked for, in turn, and why the last place had none; without a secret. */
export function whyNoCredentials(
  error: unknown,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const profile = env["AWS_PROFILE"];
  const places = [
    ...(profile ? [] : ["AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY"]),
    `the profile ${profile || "default"} in ~/.aws`,
    ...(env["AWS_WEB_IDENTITY_TOKEN_FILE"] ? ["the role of AWS_WEB_IDENTITY_TOKEN_FILE"] : []),
    roleOf(env),
  ];
  const reason = reasonOf(error);
  const looked = `No credentials were found in ${places.join(", nor in ")}`;
  return `${looked}${reason === undefined ? "" : ` (${reason})`}: put them into one of these`;
}

function roleOf(env: Readonly<Record<string, string | undefined>>): string {
  const relative = env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
  const full = env["AWS_CONTAINER_CREDENTIALS_FULL_URI"];
  if (relative) return "the container's role at http://169.254.170.2";
  if (full) return `the container's role at ${originOf(full)}`;
  const disabled = env["AWS_EC2_METADATA_DISABLED"];
  if (disabled && disabled !== "false") {
    return "the machine's role, which AWS_EC2_METADATA_DISABLED rules out";
  }
  const endpoint = env["AWS_EC2_METADATA_SERVICE_ENDPOINT"];
  return `the machine's role at ${endpoint ? originOf(endpoint) : "http://169.254.169.254"}`;
}

/** Who knows the rest of such an address may have what is there. */
function originOf(address: string): string {
  return URL.parse(address)?.origin ?? "an address that is none";
}

/** `undefined` where each place had its own. */
function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.message === NOWHERE) return undefined;
  // What comes with these may quote an answer, and with it a secret.
  if (error instanceof SyntaxError) return "its answer makes no sense";
  const [harmless] = HARMLESS.exec(error.message) ?? [];
  if (harmless !== undefined) return harmless;
  if (/timed? ?out/i.test(error.message)) return "no answer in time";
  if ("code" in error && typeof error.code === "string") return error.code;
  return error.name;
}
