/**
 * Every reply code of the protocol, in one place. 1xx, 2xx and 3xx carry fields; 4xx (try again)
 * and 5xx (do not) carry one of the words here and a message for a person.
 */
export const CODES = {
  110: { means: "still working", words: [] },
  150: { means: "the body follows", words: [] },
  200: { means: "fine", words: [] },
  213: { means: "status", words: [] },
  220: { means: "greeting", words: [] },
  221: { means: "goodbye", words: [] },
  225: { means: "everything outstanding is cancelled", words: [] },
  226: { means: "stored, or sent, and verified", words: [] },
  230: { means: "logged in", words: [] },
  250: { means: "the tree is changed", words: [] },
  334: { means: "go on with the login", words: [] },
  421: { means: "the server closes the connection", words: ["busy", "idle", "closing"] },
  426: { means: "cancelled", words: ["aborted", "taken"] },
  450: { means: "the file changed while it was read", words: ["changed"] },
  451: { means: "the server's own trouble", words: ["failed"] },
  452: { means: "no room on the server", words: ["space"] },
  500: { means: "not understood", words: ["syntax"] },
  501: { means: "a key or a value is not understood", words: ["argument"] },
  530: { means: "log in first, or the login failed", words: ["login"] },
  550: { means: "there is no such file", words: ["not-found"] },
  551: { means: "a digest or a size is wrong", words: ["mismatch"] },
  552: { means: "over the quota", words: ["quota"] },
  553: { means: "refused", words: ["name", "denied", "exists", "not-a-file", "not-empty"] },
} as const;

export type Code = keyof typeof CODES;

/** A code that carries a word and a message. */
export type FailureCode = {
  [C in Code]: (typeof CODES)[C]["words"] extends readonly [] ? never : C;
}[Code];

/** A code that carries fields. */
export type SuccessCode = Exclude<Code, FailureCode>;

/** A code and one of its own words. */
export type Failure = {
  [C in FailureCode]: { readonly code: C; readonly word: (typeof CODES)[C]["words"][number] };
}[FailureCode];
