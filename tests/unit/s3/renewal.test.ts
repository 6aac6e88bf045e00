import { describe, expect, test } from "bun:test";
import { Renewal } from "../../../src/storage/s3/renewal.ts";

interface Given {
  readonly number: number;
  readonly expiration: Date | undefined;
}

/** Somebody who gives credentials that are good for so long, by a clock that is set by hand. */
class Scene {
  now = 1_000_000;
  asked = 0;
  lifetime: number | undefined;
  fails = false;
  readonly renewal = new Renewal(
    () => this.#give(),
    () => this.now,
  );

  constructor(lifetime: number | undefined) {
    this.lifetime = lifetime;
  }

  /** The number of those that it gives after so many more milliseconds. */
  async after(ms: number): Promise<number> {
    this.now += ms;
    return (await this.renewal.get()).number;
  }

  async #give(): Promise<Given> {
    this.asked++;
    if (this.fails) throw new Error("none");
    const { lifetime, now } = this;
    return {
      number: this.asked,
      expiration: lifetime === undefined ? undefined : new Date(now + lifetime),
    };
  }
}

const HOUR = 3_600_000;

describe("Renewal", () => {
  test("asks once for what does not expire, also where many want it together", async () => {
    const scene = new Scene(undefined);
    expect(await Promise.all([0, 0, 0].map((ms) => scene.after(ms)))).toEqual([1, 1, 1]);
    expect(await scene.after(1000 * HOUR)).toBe(1);
    expect(scene.asked).toBe(1);
  });

  test("asks five minutes before they expire, and lets nobody wait for it", async () => {
    const scene = new Scene(HOUR);
    expect(await scene.after(0)).toBe(1);
    expect(await scene.after(HOUR - 300_001)).toBe(1);
    expect(scene.asked).toBe(1);
    expect(await scene.after(1)).toBe(1);
    expect(scene.asked).toBe(2);
    expect(await scene.after(1)).toBe(2);
  });

  test("asks after half of a short life", async () => {
    const scene = new Scene(10_000);
    expect(await scene.after(0)).toBe(1);
    expect(await scene.after(4999)).toBe(1);
    expect(scene.asked).toBe(1);
    expect(await scene.after(1)).toBe(1);
    expect(await scene.after(0)).toBe(2);
  });

  test("never gives expired ones while there may be others", async () => {
    const scene = new Scene(10_000);
    await scene.after(0);
    expect(await scene.after(10_000)).toBe(2);
  });

  test("goes on with good ones while there are no others, and asks once a second", async () => {
    const scene = new Scene(10_000);
    await scene.after(0);
    scene.fails = true;
    for (let ms = 5000; ms < 10_000; ms += 100) expect(await scene.after(100)).toBe(1);
    expect(scene.asked).toBeLessThanOrEqual(7);
    await scene.after(4999).catch(() => undefined);
    const { asked } = scene;
    for (let times = 0; times < 5; times++) expect(scene.after(100)).rejects.toThrow("none");
    expect(scene.asked).toBeLessThanOrEqual(asked + 1);
    scene.fails = false;
    expect(await scene.after(1000)).toBe(scene.asked);
  });

  test("gives what has expired as it comes, and asks once a second", async () => {
    const scene = new Scene(-1);
    for (let times = 0; times < 100; times++) await scene.after(100);
    expect(scene.asked).toBeLessThanOrEqual(11);
  });
});
