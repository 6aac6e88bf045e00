import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import { whyNoCredentials } from "./no-credentials.ts";
import { Renewal, type Expiring } from "./renewal.ts";
import { S3Error } from "./s3-error.ts";

/** What requests are signed with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** How long it may take to ask for them, wherever they are, in milliseconds. */
const LONGEST_MS = 20_000;
/** The library's own warnings would go to standard error, past the log. */
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * Finds credentials where every S3 tool does: the environment, the files in `~/.aws` with their
 * profiles, the role of a container or of the machine. They are asked for again before they expire,
 * and where the store refuses them.
 * @returns rejects with `S3Error`, where there are none
 */
export function findCredentials(): (refused?: Credentials) => Promise<Credentials> {
  const renewal = new Renewal<Credentials & Expiring>(() => {
    // A new one each time: whatever hangs in an old one, it has all that come later wait as well.
    const provide = defaultProvider({ timeout: 2000, maxRetries: 1, logger: silent });
    // Without this it asks without end for what has expired already.
    return within(LONGEST_MS, provide({ forceRefresh: true }));
  });
  return async (refused) => {
    try {
      return await renewal.get(refused);
    } catch (error) {
      throw new S3Error(0, "NoCredentials", whyNoCredentials(error));
    }
  };
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("timed out")), ms);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

function nothing(): void {
  // Nobody reads it.
}

/** The region that the environment or the profile names. */
export async function findRegion(): Promise<string | undefined> {
  const { AWS_REGION: region, AWS_DEFAULT_REGION: other } = process.env;
  return region || other || (await profileSetting("region"));
}

/** The endpoint that the environment or the profile names. */
export async function findEndpoint(): Promise<string | undefined> {
  const { AWS_ENDPOINT_URL_S3: ofS3, AWS_ENDPOINT_URL: ofAll } = process.env;
  return ofS3 || ofAll || (await profileSetting("endpoint_url"));
}

async function profileSetting(key: string): Promise<string | undefined> {
  const profile = process.env["AWS_PROFILE"] || "default";
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  return configFile[profile]?.[key] ?? credentialsFile[profile]?.[key];
}
