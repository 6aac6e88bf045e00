import { SeenProgram } from "./seen.ts";
import { BINARY, cleanEnvironment, type TemporaryFolder } from "./programs.ts";

export const KEY = {
  tab: "\t",
  enter: "\r",
  up: "\u001b[A",
  escape: "\u001b",
  ctrlC: "\u0003",
  ctrlD: "\u0004",
  ctrlG: "\u0007",
  ctrlR: "\u0012",
  ctrlU: "\u0015",
  ctrlZ: "\u001a",
} as const;

/** The environment of a shell whose state is in `state` of a folder. */
export function typingEnvironment(folder: TemporaryFolder): Record<string, string> {
  return cleanEnvironment({
    XDG_STATE_HOME: folder.join("state"),
    XDG_CONFIG_HOME: folder.join("config"),
    HOME: folder.join("home"),
  });
}

/** `sftp connect` in a terminal, with `client` of a folder as its root. */
export function startTyping(folder: TemporaryFolder, ...args: string[]): SeenProgram {
  const command = [BINARY, "connect", "--root", folder.join("client"), ...args];
  return new SeenProgram(command, { cwd: folder.path, env: typingEnvironment(folder) });
}

/** The prompt, with what is typed behind it. */
export function promptWith(port: number | undefined, typed = ""): string {
  return port === undefined ? `sftp> ${typed}` : `sftp 127.0.0.1:${port}> ${typed}`;
}

/** Types a line and waits for the next prompt, which is the same one. */
export async function typeLine(
  shell: SeenProgram,
  port: number | undefined,
  line: string,
): Promise<void> {
  await shell.standsAt(promptWith(port));
  shell.press(line);
  await shell.standsAt(promptWith(port, line));
  shell.press(KEY.enter);
  await shell.standsAt(promptWith(port));
}
