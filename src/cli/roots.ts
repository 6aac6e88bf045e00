import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { LocalStorage, type LocalOptions } from "../storage/local/local.ts";
import { fromStart } from "../platform/started-in.ts";
import { isS3, parseS3 } from "../storage/s3/location.ts";
import type { Storage } from "../storage/storage.ts";
import type { Arguments, Flags } from "./args.ts";
import { optionalSetting, readWait, setting } from "./settings.ts";

/** The flags of `sftp serve` for a root in an object store. */
export const s3Flags = {
  "s3-endpoint": {
    type: "string",
    valueHint: "URL",
    description: "where the store of a root s3://BUCKET/FOLDER is, if not at Amazon",
  },
  "s3-region": {
    type: "string",
    valueHint: "NAME",
    description: "region of the bucket, if neither AWS_REGION nor the profile names it",
  },
  "s3-style": {
    type: "string",
    valueHint: "STYLE",
    description: "path or host: where addresses name the bucket (host at Amazon, else path)",
  },
  "s3-timeout": {
    type: "string",
    valueHint: "SECONDS",
    default: "60",
    description: "how long the store may take for one request beside its bytes",
  },
} satisfies Flags;

/** A server's root, as the flags name it. Opens nothing by itself. */
export interface Root {
  /** @throws {StorageError} */
  readonly open: () => Promise<Storage & { readonly notes?: readonly string[] }>;
  /** Opens a folder inside, which is somebody's root; made if absent. */
  readonly openInside: (folder: string) => Promise<Storage>;
}

/** @throws {CommandFailed} status 2 */
export function rootFrom(given: Arguments, local: LocalOptions): Root {
  const root = setting(given, "root");
  if (isS3(root.value)) return s3Root(given, root.value, !local.make);
  const meant = /^s3:\/*(.*)$/i.exec(root.value)?.[1];
  if (meant !== undefined) throw usage(`${root.value} is no place in a store: write s3://${meant}`);
  const idle = Object.keys(s3Flags).find((flag) => given.values(flag).length > 0);
  if (idle !== undefined) {
    throw usage(`--${idle} is for a root in a store, such as --root s3://BUCKET/FOLDER`);
  }
  return {
    open: () => LocalStorage.open(root.value, local),
    openInside: (folder) =>
      LocalStorage.openInside(fromStart(root.value), folder.split("/"), local),
  };
}

function s3Root(given: Arguments, value: string, readOnly: boolean): Root {
  const location = parseS3(value);
  if (location === undefined) {
    throw usage(`${value} names no bucket: write s3://BUCKET or s3://BUCKET/FOLDER`);
  }
  const options = {
    ...location,
    endpoint: endpointFrom(given),
    region: optionalSetting(given, "s3-region")?.value,
    style: styleFrom(given),
    timeout: readWait(setting(given, "s3-timeout")),
    readOnly,
  };
  // Nothing of it is loaded where the root is a folder.
  const opened = async () => (await import("../storage/s3/s3.ts")).S3Storage.open(options);
  let whole: ReturnType<typeof opened> | undefined;
  const open = () => (whole ??= opened());
  return { open, openInside: async (folder) => (await open()).inside(folder.split("/")) };
}

function styleFrom(given: Arguments): "path" | "host" | undefined {
  const set = optionalSetting(given, "s3-style");
  if (set === undefined) return undefined;
  const { value } = set;
  if (value === "path" || value === "host") return value;
  throw usage(`${set.from} ${set.value} is no style: give path or host`);
}

function endpointFrom(given: Arguments): string | undefined {
  const set = optionalSetting(given, "s3-endpoint");
  if (set === undefined) return undefined;
  if (/^https?:$/.test(URL.parse(set.value)?.protocol ?? "")) return set.value;
  throw usage(`${set.from} ${set.value} is no address: give one such as https://s3.example.com`);
}

function usage(message: string): CommandFailed {
  return new CommandFailed(Status.usage, message);
}
