/** How a file on its way ends: once. Whoever ends it again waits for what was begun, and changes nothing. */
export class Ending {
  #ending: Promise<number> | undefined;

  /** Gives it its name. Only the first end may be this one. */
  commit(work: () => Promise<void>): Promise<void> {
    if (this.#ending !== undefined) throw new Error("A file ends only once");
    const committed = work();
    this.#ending = committed.then(
      () => 0,
      () => 0,
    );
    return committed;
  }

  /** Leaves or removes what is there; gives how many bytes are kept. */
  leave(work: () => Promise<number>): Promise<number> {
    return (this.#ending ??= work());
  }
}
