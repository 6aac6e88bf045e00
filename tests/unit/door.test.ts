import { describe, expect, test } from "bun:test";
import { Door, type Visitor } from "../../src/server/door.ts";

const LIMITS = { connections: 100, perAddress: 100, unauthenticated: 3 };

/** A door, and who was sent away again from behind it. */
class Scene {
  readonly evicted: string[] = [];
  readonly door = new Door(LIMITS, () => undefined);

  /** @returns whether somebody who has to log in was let in */
  enters(remoteAddress: string, at: number): boolean {
    const remote = `${remoteAddress} at ${at}`;
    const visitor: Visitor = {
      remoteAddress,
      remote,
      destroy: () => this.evicted.push(remote),
    };
    return this.door.enter(visitor, 10, true, at) === undefined;
  }
}

describe("Door, with as many who have not logged in as it takes", () => {
  test("one from a network that has fewer takes the place of the oldest of the largest at once", () => {
    const scene = new Scene();
    for (const [at, address] of ["a", "b", "b"].entries()) scene.enters(address, at);
    expect(scene.enters("c", 3)).toBe(true);
    expect(scene.evicted).toEqual(["b at 1"]);
  });

  test("all from other networks: the oldest makes room when it has had two seconds, and no sooner", () => {
    const scene = new Scene();
    for (const [at, address] of ["a", "b", "c"].entries()) scene.enters(address, at);
    expect(scene.enters("d", 1999)).toBe(false);
    expect(scene.evicted).toEqual([]);
    expect(scene.enters("d", 2000)).toBe(true);
    expect(scene.enters("e", 2000)).toBe(false);
    expect(scene.enters("e", 2001)).toBe(true);
    expect(scene.evicted).toEqual(["a at 0", "b at 1"]);
  });

  test("nobody makes room for a network that has as many already", () => {
    const scene = new Scene();
    for (const [at, address] of ["a", "b", "c"].entries()) scene.enters(address, at);
    expect(scene.enters("a", 1_000_000)).toBe(false);
    expect(scene.evicted).toEqual([]);
  });
});
