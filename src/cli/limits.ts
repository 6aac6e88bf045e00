import { CommandFailed } from "../client/errors.ts";
import { Status } from "../client/status.ts";
import { connectionsWithin, descriptorLimit } from "../storage/local/descriptors.ts";
import type { DoorLimits } from "../server/door.ts";
import type { Right, Withheld } from "../server/rights.ts";
import type { QuotaLimits } from "../storage/limited/quota.ts";
import type { Arguments, Flags } from "./args.ts";
import { isOn, optionalSetting, readCount, readSize, setting } from "./settings.ts";

/** The flags of `sftp serve` that limit what clients may do, and how much. */
export const limitFlags = {
  "read-only": { type: "boolean", description: "let nobody change anything; write nothing" },
  "no-overwrite": { type: "boolean", description: "let nobody replace a file" },
  "no-delete": { type: "boolean", description: "let nobody delete or rename anything" },
  "max-connections": {
    type: "string",
    valueHint: "N",
    default: "1000",
    description: "how many connections there may be",
  },
  "max-per-address": {
    type: "string",
    valueHint: "N",
    default: "64",
    description: "how many of them from one address; those of this machine are not counted",
  },
  "max-unauthenticated": {
    type: "string",
    valueHint: "N",
    default: "64",
    description: "how many of them that have not logged in",
  },
  quota: {
    type: "string",
    valueHint: "SIZE",
    description: "how much the folder may hold, what is being uploaded included",
  },
  "max-file": { type: "string", valueHint: "SIZE", description: "how large a file may be" },
  "rate-limit": {
    type: "string",
    valueHint: "SIZE",
    description: "bytes a second for each user, both ways and all connections together",
  },
} satisfies Flags;

/** What clients may do, and how much. Sizes are bytes. */
export interface Limits {
  readonly readOnly: boolean;
  readonly withheld: Withheld;
  readonly door: DoorLimits;
  readonly quota: QuotaLimits;
  readonly rateLimit: number | undefined;
  /** What the operator should know of them. */
  readonly notes: readonly string[];
}

/** Which rights each flag takes from everybody. */
const WITHHOLD: readonly (readonly [flag: string, rights: readonly Right[]])[] = [
  ["no-delete", ["remove"]],
  ["no-overwrite", ["replace"]],
  ["read-only", ["add", "replace", "remove"]],
];

/** @throws {CommandFailed} status 2 */
export function readLimits(given: Arguments): Limits {
  const asked = numberOf(given, "max-connections");
  const descriptors = descriptorLimit();
  const connections = Math.min(asked, connectionsWithin(descriptors));
  const notes: string[] =
    connections === asked
      ? []
      : [
          `At most ${connections} connections are taken, and not ${asked}: the system allows ` +
            `${descriptors} open files. Raise that with ulimit -n or LimitNOFILE=.`,
        ];
  const withheld = new Map(
    WITHHOLD.flatMap(([flag, rights]) =>
      isOn(given, flag) ? rights.map((right) => [right, `--${flag}`] as const) : [],
    ),
  );
  if (withheld.size > 0) notes.push(describeWithheld(new Set(withheld.keys())));
  return {
    readOnly: isOn(given, "read-only"),
    withheld,
    door: {
      connections,
      perAddress: numberOf(given, "max-per-address"),
      unauthenticated: numberOf(given, "max-unauthenticated"),
    },
    quota: {
      total: sizeOf(given, "quota"),
      file: sizeOf(given, "max-file"),
    },
    rateLimit: rateOf(given),
    notes,
  };
}

/** A forgotten variable or file can forbid it, too. */
function describeWithheld(rights: ReadonlySet<Right>): string {
  if (rights.has("add")) return "Read only: nobody can change anything.";
  const what = [
    ...(rights.has("replace") ? ["replace a file"] : []),
    ...(rights.has("remove") ? ["remove or move anything"] : []),
  ];
  return `Nobody can ${what.join(", or ")}.`;
}

function numberOf(given: Arguments, name: string): number {
  const set = setting(given, name);
  const count = readCount(set);
  if (count > 0) return count;
  throw new CommandFailed(Status.usage, `${set.from} 0 would let nobody in: give at least 1`);
}

function sizeOf(given: Arguments, name: string): number | undefined {
  const set = optionalSetting(given, name);
  return set === undefined ? undefined : readSize(set);
}

function rateOf(given: Arguments): number | undefined {
  const rate = sizeOf(given, "rate-limit");
  if (rate !== 0) return rate;
  throw new CommandFailed(
    Status.usage,
    "A rate of 0 lets nothing through: give a larger one, such as --rate-limit 10M, or none",
  );
}
