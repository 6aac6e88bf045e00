import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { loadSharedConfigFiles } from "@smithy/shared-ini-file-loader";
import { S3Error } from "./s3-error.ts";

/** What requests are signed with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/**
 * Finds credentials where every S3 tool does: the environment, the files in `~/.aws` with their
 * profiles, the role of a container or of the machine. They are asked for again before they expire.
 * @returns rejects with `S3Error`, where there are none
 */
export function findCredentials(): () => Promise<Credentials> {
  const provide = defaultProvider({ timeout: 2000, maxRetries: 1 });
  return async () => {
    try {
      return await provide();
    } catch (error) {
      throw new S3Error(0, "NoCredentials", error instanceof Error ? error.message : String(error));
    }
  };
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
