import { ClientProcess, type TemporaryFolder } from "./programs.ts";

/** A program whose memory can be asked for. */
interface Measurable {
  memory(): Promise<number>;
}

/**
 * How much more memory a program has at most while something goes on, in bytes.
 * @param work is begun when it is known how much it has before
 */
export async function growthDuring(
  program: Measurable,
  work: () => Promise<unknown>,
): Promise<number> {
  const before = await program.memory();
  let peak = before;
  const ended = work().then(() => true);
  const measured = async (): Promise<boolean> => {
    // It may have gone by now.
    peak = Math.max(peak, await program.memory().catch(() => 0));
    await new Promise((resolve) => setImmediate(resolve));
    return false;
  };
  while (!(await Promise.race([ended, measured()])));
  return peak - before;
}

/**
 * How much more memory a program had at most while something went on, in bytes, as the kernel has
 * kept count of it (Linux). Costs nothing meanwhile.
 */
export async function peakDuring(
  { process }: { readonly process: { readonly pid: number } },
  work: () => Promise<unknown>,
): Promise<number> {
  const status = `/proc/${process.pid}/status`;
  const kib = async (field: string): Promise<number> =>
    Number(new RegExp(`${field}:\\s+(\\d+)`).exec(await Bun.file(status).text())?.[1] ?? "0");
  // The highest mark is set back to what there is now.
  await Bun.write(`/proc/${process.pid}/clear_refs`, "5");
  const before = await kib("VmRSS");
  await work();
  return ((await kib("VmHWM")) - before) * 1024;
}

/** Runs a command in a real client, and tells how much its memory grew. */
export async function runMeasured(
  folder: TemporaryFolder,
  port: number,
  command: string,
): Promise<{ readonly status: number; readonly growth: number; readonly log: string }> {
  await using client = ClientProcess.start(folder.join("client"), ["--timeout", "20"]);
  const growth = await growthDuring(client, () => {
    client.type(`OPEN ${port}; ${command}`);
    return client.finish();
  });
  return { status: await client.ended(), growth, log: client.log };
}
