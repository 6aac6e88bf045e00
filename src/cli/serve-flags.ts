import { defineCommand } from "citty";
import type { Flags } from "./args.ts";
import { CONFIG_FLAG } from "./config.ts";
import { limitFlags } from "./limits.ts";
import { s3Flags } from "./roots.ts";
import { WEEK } from "./settings.ts";
import { CALLED } from "../platform/called.ts";

/** How `sftp serve` is called. What carries it out is loaded when it is. */
export const serve = defineCommand<Flags>({
  meta: { name: "serve", description: "Share a folder over TCP" },
  args: {
    port: {
      type: "string",
      valueHint: "N",
      default: "12000",
      description: "port to listen on; 0 takes a free one",
    },
    host: {
      type: "string",
      valueHint: "ADDRESS",
      default: "127.0.0.1",
      description: "address to listen on; 0.0.0.0 or :: for every one that there is",
    },
    root: {
      type: "string",
      valueHint: "DIR",
      default: "./server",
      variable: "SFTP_SERVE_ROOT",
      description: "folder to share; made if absent. Or s3://BUCKET/FOLDER in an object store",
    },
    ...s3Flags,
    "proxy-protocol": {
      type: "string",
      valueHint: "FROM",
      description:
        "addresses or networks, joined by commas, of balancers that say who has come (PROXY protocol)",
    },
    ...limitFlags,
    tls: {
      type: "boolean",
      description: "encrypt and ask for a login on loopback, too; elsewhere both are always on",
    },
    users: {
      type: "string",
      valueHint: "FILE",
      description: `who may log in, in place of the token; ${CALLED} user makes the file`,
    },
    "new-token": {
      type: "boolean",
      flagOnly: true,
      description: "make another token: the former one is worth nothing from then on",
    },
    "tls-cert": {
      type: "string",
      valueHint: "FILE",
      description: "use this certificate, in PEM, rather than one that is made at the first start",
    },
    "tls-key": {
      type: "string",
      valueHint: "FILE",
      description: "the private key of --tls-cert, in PEM",
    },
    "login-timeout": {
      type: "string",
      valueHint: "SECONDS",
      default: "15",
      description: "how long encryption and login may take together",
    },
    insecure: {
      type: "boolean",
      flagOnly: true,
      description: "DANGEROUS: neither encrypt nor ask for a login, whoever can reach the address",
    },
    grace: {
      type: "string",
      valueHint: "SECONDS",
      default: "10",
      description: "how long transfers may take to end after SIGTERM or Ctrl-C",
    },
    "idle-timeout": {
      type: "string",
      valueHint: "SECONDS",
      default: "300",
      description: "how long a client may wait between two requests",
    },
    "line-timeout": {
      type: "string",
      valueHint: "SECONDS",
      default: "30",
      description: "how long a request, once begun, may take to arrive, and silence in an upload",
    },
    "min-rate": {
      type: "string",
      valueHint: "SIZE",
      default: "1K",
      description:
        "bytes a second that a client must send of a block, or read of what it asked for",
    },
    "keep-partial": {
      type: "string",
      valueHint: "SECONDS",
      default: WEEK,
      description: "how long what interrupted uploads have left is kept",
    },
    durable: {
      type: "boolean",
      description: "sync each file to the disk before saying that it is stored",
    },
    json: { type: "boolean", description: "write each event as a line of JSON to standard output" },
    config: CONFIG_FLAG,
  },
});
