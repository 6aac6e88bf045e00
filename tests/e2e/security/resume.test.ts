import { afterAll, beforeAll } from "bun:test";
import { Scene } from "../../support/resume.ts";

/**
 * Everything that a faulty connection can do to a transfer, once more under TLS. The tests are those
 * of the folder `resume`, loaded a second time, where scenes are encrypted.
 */
beforeAll(() => {
  Scene.encrypted = true;
});
afterAll(() => {
  Scene.encrypted = false;
});

Scene.encrypted = true;
const NAMES = [
  "changed",
  "failures",
  "held",
  "killed",
  "large",
  "lost-reply",
  "offsets",
  "receipt",
  "reconnect",
  "staging",
  "taken",
  "two",
];
for (const name of NAMES) {
  await import(`../resume/${name}.test.ts?encrypted`);
}
