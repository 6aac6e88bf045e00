import { defineCommand } from "citty";
import type { Flags } from "./args.ts";
import { CALLED } from "../platform/called.ts";

/** How `sftp user` is called. What carries it out is loaded when it is. */
export const user = defineCommand<Flags>({
  meta: { name: "user", description: "Keep the file that says who may log in" },
  args: {
    action: {
      type: "positional",
      description: `add, remove or list, such as: ${CALLED} user add anna --file users --role write`,
    },
    name: {
      type: "positional",
      required: false,
      description: "whom to add or remove: letters, digits and . _ - (64 at most)",
    },
    file: {
      type: "string",
      variable: "SFTP_USERS",
      valueHint: "FILE",
      description: `where users are kept; made if absent, and given to ${CALLED} serve --users`,
    },
    role: {
      type: "string",
      flagOnly: true,
      valueHint: "ROLE",
      description:
        "what the user may do: read; write, which adds and never overwrites; or full (read)",
    },
    root: {
      type: "string",
      flagOnly: true,
      valueHint: "DIR",
      description: "folder inside the server's root that the user sees instead of all of it",
    },
    replace: {
      type: "boolean",
      flagOnly: true,
      description: "change a user that is there: the password, and what --role and --root say",
    },
  },
});
