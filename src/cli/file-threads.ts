/** Calls of the file system that may hang before others wait for them; each takes a thread then. */
const FILE_THREADS = 1024;
/** What the runtime asks for that number. */
const VARIABLE = "UV_THREADPOOL_SIZE";
/** Where the program's own files lie in the executable that is shipped. */
const INSIDE_EXECUTABLE = "/$bunfs/";

/**
 * Sees to it that a few calls of the file system that hang do not hold up all others. The runtime
 * makes them on as many threads as there are processors, and a single upload takes three. It reads
 * their number when it starts, so the process starts anew as itself, with the same id: that takes
 * some milliseconds. Threads are made when they are needed. Where that cannot be, or the user has
 * set the number, nothing happens.
 */
export function provideFileThreads(): void {
  const { argv, argv0, env, execPath } = process;
  if (env[VARIABLE] !== undefined || process.execve === undefined) return;
  if (!Bun.main.startsWith(INSIDE_EXECUTABLE)) return;
  try {
    process.execve(execPath, [argv0, ...argv.slice(2)], {
      ...env,
      [VARIABLE]: String(FILE_THREADS),
    });
  } catch {
    // Such as for an emulated processor: it serves with the threads that there are.
    dropWarning();
  }
}

/** The runtime tells on its next turn that `execve` is experimental: that helps no user. */
function dropWarning(): void {
  const listeners = process.listeners("warning");
  process.removeAllListeners("warning");
  setImmediate(() => {
    for (const listener of listeners) process.on("warning", listener);
  });
}
