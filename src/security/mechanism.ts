/** The one login that there is, as the greeting names it. */
export const MECHANISM = "SCRAM-SHA-256-PLUS";

/** What is said of a user that there is not, and of a password that is another: both alike. */
export const WRONG_LOGIN = "The user or the password is wrong";

/** The user that a server's token belongs to, where it has no file of users. */
export const TOKEN_USER = "token";
