import { posix, win32 } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** What differs between the systems that the program runs on: nobody else asks which one it is. */
export interface System {
  /** Files have bits that keep others away. Elsewhere the user's profile protects what is in it. */
  readonly hasModes: boolean;
  /**
   * An open folder's entries have paths of their own, `/proc/PID/fd/N/name`, which is `openat()`:
   * the folder is held, so swapping one above it for a link changes nothing.
   */
  readonly holdsFolders: boolean;
  /** The system tells when a process was started, in `/proc/PID/stat`. */
  readonly tellsStarts: boolean;
  /** A file can be opened in such a way that a link fails (`O_NOFOLLOW`). */
  readonly refusesLinks: boolean;
  /** A socket has a descriptor, which can be read like a file's. */
  readonly readsSockets: boolean;
  /** A folder that is moved takes the place of an empty one. */
  readonly replacesEmptyFolders: boolean;
  /** What asks a server to stop: from the terminal, from a service manager, at its terminal's end. */
  readonly stopSignals: readonly NodeJS.Signals[];
  /** Where the program keeps what lasts; it may not exist yet. */
  stateFolder(env: Environment, home: string): string;
  /** Where the user configures the program; it may not exist. */
  configFolder(env: Environment, home: string): string;
  /** Whether what was typed begins at the user's home. */
  startsAtHome(typed: string): boolean;
  /** The shell that a user works with. */
  shell(env: Environment): string;
  /** What runs a line of the system's own command language. */
  shellCommand(line: string, env: Environment): string[];
}

const UNIX: System = {
  hasModes: true,
  holdsFolders: false,
  tellsStarts: false,
  refusesLinks: true,
  readsSockets: true,
  replacesEmptyFolders: true,
  stopSignals: ["SIGINT", "SIGTERM", "SIGHUP"],
  // The XDG Base Directory Specification, on macOS as well: it says to ignore relative paths.
  stateFolder: ({ XDG_STATE_HOME }, home) =>
    below(posix, XDG_STATE_HOME, posix.join(home, ".local", "state")),
  configFolder: ({ XDG_CONFIG_HOME }, home) =>
    below(posix, XDG_CONFIG_HOME, posix.join(home, ".config")),
  startsAtHome: (typed) => /^~(?:\/|$)/.test(typed),
  shell: ({ SHELL }) => SHELL || "sh",
  shellCommand: (line) => ["sh", "-c", line],
};

const LINUX: System = { ...UNIX, holdsFolders: true, tellsStarts: true };

const WINDOWS: System = {
  hasModes: false,
  holdsFolders: false,
  tellsStarts: false,
  refusesLinks: false,
  readsSockets: false,
  replacesEmptyFolders: false,
  // SIGTERM never comes there: nobody can send it. SIGHUP is the closing of the console's window.
  stopSignals: ["SIGINT", "SIGBREAK", "SIGHUP"],
  stateFolder: ({ XDG_STATE_HOME, LOCALAPPDATA }, home) =>
    below(win32, XDG_STATE_HOME, LOCALAPPDATA || win32.join(home, "AppData", "Local")),
  configFolder: ({ XDG_CONFIG_HOME, APPDATA }, home) =>
    below(win32, XDG_CONFIG_HOME, APPDATA || win32.join(home, "AppData", "Roaming")),
  startsAtHome: (typed) => /^~(?:[\\/]|$)/.test(typed),
  shell: ({ COMSPEC }) => COMSPEC || "cmd.exe",
  shellCommand: (line, { COMSPEC }) => [COMSPEC || "cmd.exe", "/d", "/s", "/c", line],
};

function below({ isAbsolute, join }: typeof posix, chosen = "", usual: string): string {
  return join(isAbsolute(chosen) ? chosen : usual, "sftp");
}

/** The rules of a system, by its name in the runtime. */
export function systemOf(platform: NodeJS.Platform): System {
  if (platform === "win32") return WINDOWS;
  return platform === "linux" ? LINUX : UNIX;
}

/** The rules of the system that this runs on. */
export const SYSTEM: System = systemOf(process.platform);
