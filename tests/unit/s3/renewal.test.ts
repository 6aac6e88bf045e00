import { describe, expect, test } from "bun:test";
import { Renewal } from "../../../src/storage/s3/renewal.ts";

interface Given {
  readonly number: number;
  readonly expiration: Date | undefined;
}

/** Somebody who gives credentials that are good for so long, by clocks that are set by hand. */
class Scene {
  /** The wall clock, in ms since 1970, and the time that it ought to show. */
  now = 1_000_000_000_000;
  truth = this.now;
  /** What counts up by itself. */
  steady = 0;
  asked = 0;
  lifetime: number | undefined;
  fails = false;
  readonly renewal = new Renewal(() => this.#give(), {
    steady: () => this.steady,
    wall: () => this.now,
  });

  constructor(lifetime: number | undefined) {
    this.lifetime = lifetime;
  }

  /** The number of those that it gives after so many more milliseconds. */
  async after(ms: number): Promise<number> {
    this.steady += ms;
    this.truth += ms;
    this.now += ms;
    return (await this.renewal.get()).number;
  }

  async #give(): Promise<Given> {
    this.asked++;
    if (this.fails) throw new Error("none");
    const { lifetime, truth } = this;
    return {
      number: this.asked,
      expiration: lifetime === undefined ? undefined : new Date(truth + lifetime),
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
    for (let times = 0; times < 5; times++) {
      await expect(scene.after(100)).rejects.toThrow("none");
    }
    expect(scene.asked).toBeLessThanOrEqual(asked + 1);
    scene.fails = false;
    expect(await scene.after(1000)).toBe(scene.asked);
  });

  test("gives what has expired as it comes, and asks once a second", async () => {
    const scene = new Scene(-1);
    for (let times = 0; times < 100; times++) await scene.after(100);
    expect(scene.asked).toBeLessThanOrEqual(11);
  });

  const YEARS = 4 * 365 * 24 * HOUR;

  test.each([
    ["ahead", YEARS],
    ["behind", -YEARS],
  ])("asks in time where the clock was years %s at the beginning", async (_, by) => {
    const scene = new Scene(HOUR);
    scene.now += by;
    await scene.after(0);
    scene.now -= by;
    await scene.after(1000);
    await scene.after(0);
    const { asked } = scene;
    expect(await scene.after(HOUR - 301_000)).toBe(asked);
    await scene.after(1000);
    expect(await scene.after(1)).toBe(asked + 1);
    expect(scene.asked).toBe(asked + 1);
  });

  test("asks in time where the clock is set back later", async () => {
    const scene = new Scene(HOUR);
    await scene.after(0);
    scene.now -= YEARS;
    await scene.after(HOUR - 300_000);
    expect(await scene.after(1)).toBe(2);
  });

  test("asks at once where the machine has slept until they had expired", async () => {
    const scene = new Scene(HOUR);
    await scene.after(1000);
    scene.now += 2 * HOUR;
    scene.truth += 2 * HOUR;
    expect(await scene.after(1000)).toBe(2);
  });

  test("asks where those that it gave are refused, once for all, and not again at once", async () => {
    const scene = new Scene(HOUR);
    const { renewal } = scene;
    const first = await renewal.get();
    const others = await Promise.all([first, first, first].map((one) => renewal.get(one)));
    expect(others.map(({ number }) => number)).toEqual([2, 2, 2]);
    // Somebody comes late with the first ones.
    expect((await renewal.get(first)).number).toBe(2);
    const [second] = others;
    expect(await renewal.get(second)).toBe(second as Given);
    scene.steady += 1000;
    expect((await renewal.get(second)).number).toBe(3);
    expect(scene.asked).toBe(3);
  });

  test("goes on with those that were refused where there are no others", async () => {
    const scene = new Scene(HOUR);
    const first = await scene.renewal.get();
    scene.fails = true;
    await expect(scene.renewal.get(first)).rejects.toThrow("none");
    expect(await scene.renewal.get()).toBe(first);
  });
});
