import { describe, expect, test } from "bun:test";
import { ROLES } from "../../src/security/users.ts";
import { RequestFailed } from "../../src/server/failures.ts";
import { Rights, type Right } from "../../src/server/rights.ts";
import { authorise, mayDoAll } from "../../src/server/verbs.ts";

const READING = ["GET", "LIST", "STAT", "ABORT", "NOOP"];
const ADDING = ["PUT", "HELD", "MKDIR"];
const REMOVING = ["DELETE", "RENAME"];
const ALWAYS = ["AUTH", "QUIT"];
const ALL = [...ALWAYS, ...READING, ...ADDING, ...REMOVING];

/** The verbs that somebody may ask for. */
function allowed(rights: Rights | undefined): string[] {
  return ALL.filter((verb) => whyNot(verb, rights) === undefined);
}

function whyNot(verb: string, rights: Rights | undefined): string | undefined {
  try {
    authorise(verb, rights);
    return undefined;
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    return `${error.failure.code} ${error.failure.word} ${error.message}`;
  }
}

const none: ReadonlyMap<Right, string> = new Map();

describe("authorise()", () => {
  test("lets nobody do anything before the login but log in and leave", () => {
    expect(allowed(undefined)).toEqual(ALWAYS);
    expect(whyNot("GET", undefined)).toBe("530 login Log in first");
    expect(whyNot("FETCH", undefined)).toBe("530 login Log in first");
  });

  test("gives each role what it says", () => {
    const of = (role: (typeof ROLES)[number]): string[] => allowed(new Rights(role, none));
    expect(of("read")).toEqual([...ALWAYS, ...READING]);
    expect(of("write")).toEqual([...ALWAYS, ...READING, ...ADDING]);
    expect(of("full")).toEqual(ALL);
    expect(whyNot("PUT", new Rights("read", none))).toBe(
      "553 denied The role read does not allow storing files",
    );
    // An unknown verb is answered as such, whatever the role.
    expect(whyNot("FETCH", new Rights("read", none))).toBeUndefined();
  });

  test("takes what a flag withholds from every role, and names the flag", () => {
    for (const role of ROLES) {
      const kept = allowed(new Rights(role, new Map([["remove", "--no-delete"]])));
      expect(kept).toEqual(allowed(new Rights(role === "full" ? "write" : role, none)));
    }
    const rights = new Rights("write", new Map([["remove", "--no-delete"]]));
    expect(whyNot("DELETE", rights)).toBe(
      "553 denied The server's --no-delete does not allow removing",
    );
  });
});

test("only the role full replaces files, and not where a flag forbids it", () => {
  const may = ROLES.filter((role) => new Rights(role, none).withholderOf("replace") === undefined);
  expect(may).toEqual(["full"]);
  const withheld = new Rights("full", new Map([["replace", "--no-overwrite"]]));
  expect(withheld.withholderOf("replace")).toBe("the server's --no-overwrite");
  expect(withheld.withholderOf("add")).toBeUndefined();
});

describe("mayDoAll()", () => {
  test("is true of whoever is refused nothing, whatever is there", () => {
    const may = (rights: Rights): string[] =>
      (["GET", "PUT", "MKDIR", "DELETE"] as const).filter((verb) => mayDoAll(verb, rights));
    expect(may(new Rights("full", none))).toEqual(["GET", "PUT", "MKDIR", "DELETE"]);
    expect(may(new Rights("write", none))).toEqual(["GET", "MKDIR"]);
    expect(may(new Rights("read", none))).toEqual(["GET"]);
    const noReplacing = new Map([["replace", "--no-overwrite"]] as const);
    expect(may(new Rights("full", noReplacing))).toEqual(["GET", "MKDIR", "DELETE"]);
  });
});
