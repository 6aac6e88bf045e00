/** What became of a transfer. */
export interface Transferred {
  /** The file's size in bytes. */
  readonly bytes: number;
  /** How many of them an earlier connection had brought. */
  readonly reused: number;
  readonly digest: bigint;
  readonly seconds: number;
}

export interface TransferOptions {
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** Told how many bytes of how many are there. */
  readonly onProgress: (bytes: number, size: number) => void;
}
