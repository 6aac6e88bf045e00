/** The shells that `sftp completion` has scripts for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
