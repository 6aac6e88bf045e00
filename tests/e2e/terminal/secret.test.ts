import { afterAll, expect, test } from "bun:test";
import { TemporaryFolder } from "../../support/programs.ts";
import { SecureScene } from "../../support/secure.ts";
import { KEY, promptWith, startTyping } from "../../support/typing.ts";

/** Has a terminal mark what is pasted, or do so no more. */
const MARKS = ["\u001b[?2004h", "\u001b[?2004l"] as const;

const scene = await SecureScene.start(["--tls"]);
afterAll(() => scene[Symbol.asyncDispose]());

test("what is pasted is not marked while a secret is asked for, and is again behind it", async () => {
  using folder = new TemporaryFolder();
  await using shell = startTyping(folder);
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${scene.pinned}\r`);
  await shell.standsAt(/^Token for .*: $/);
  const [on, off] = MARKS;
  expect(shell.raw.lastIndexOf(off)).toBeGreaterThan(shell.raw.lastIndexOf(on));
  shell.press(`${scene.token}\r`);
  await shell.standsAt(promptWith(scene.port));
  expect(shell.raw.lastIndexOf(on)).toBeGreaterThan(shell.raw.lastIndexOf(off));
});

test.each([
  ["\u001b", "[200~"],
  ["\u001b[", "200~"],
  ["\u001b[20", "0~"],
  ["\u001bO", "A"],
])("the keys %j and %j that come one behind the other are no part of a secret", async (a, b) => {
  using folder = new TemporaryFolder();
  await using shell = startTyping(folder);
  await shell.standsAt(promptWith(undefined));
  shell.press(`OPEN ${scene.pinned}\r`);
  await shell.standsAt(/^Token for .*: $/);
  await shell.pressUnseen(a);
  shell.press(`${b}${scene.token}${KEY.enter}`);
  await shell.standsAt(promptWith(scene.port));
});
