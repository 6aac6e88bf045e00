import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import * as fc from "fast-check";
import { KnownHosts } from "../../../src/security/known-hosts.ts";
import { withLock } from "../../../src/security/lock.ts";
import { pinOf } from "../../../src/security/pin.ts";
import { TemporaryFolder } from "../../support/programs.ts";
import { atOnce } from "./programs.ts";

function pin(of: number): string {
  return pinOf(Uint8Array.of(of % 256, of >> 8));
}

async function pinFor(hosts: KnownHosts, host: string, port: number): Promise<string | undefined> {
  return (await hosts.find(host, port))?.pin;
}

describe("KnownHosts", () => {
  test("knows nobody at first, and whom it was told to remember", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("state/known_hosts");
    const hosts = new KnownHosts(file);
    expect(await hosts.find("example.org", 12_000)).toBeUndefined();
    await hosts.remember("example.org", 12_000, pin(1));
    await hosts.remember("example.org", 12_001, pin(2));
    await hosts.remember("fe80::1", 12_000, pin(3));
    expect(await pinFor(hosts, "example.org", 12_000)).toBe(pin(1));
    expect(await pinFor(hosts, "example.org", 12_001)).toBe(pin(2));
    expect(await pinFor(hosts, "fe80::1", 12_000)).toBe(pin(3));
    expect(await hosts.find("example.com", 12_000)).toBeUndefined();
    expect(await hosts.find("example.org", 1200)).toBeUndefined();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder.join("state")).mode & 0o777).toBe(0o700);
    expect(readFileSync(file, "utf8")).toEndWith(
      `example.org:12000 ${pin(1)}\nexample.org:12001 ${pin(2)}\n[fe80:0:0:0:0:0:0:1]:12000 ${pin(3)}\n`,
    );
  });

  test("needs no lock for what is known already", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("known_hosts");
    const hosts = new KnownHosts(file);
    await hosts.remember("example.org", 12_000, pin(1));
    rmSync(folder.join(".known_hosts.lock"));
    mkdirSync(folder.join(".known_hosts.lock"));
    await hosts.remember("example.org", 12_000, pin(1));
    await expect(hosts.remember("example.org", 12_000, pin(2))).rejects.toThrow("its lock");
    expect(await pinFor(hosts, "example.org", 12_000)).toBe(pin(1));
  });

  test("says which line it is", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("known_hosts");
    writeFileSync(file, `# mine\n\na:1 ${pin(1)}\r\n  b:2\t${pin(2)}\n`, { mode: 0o600 });
    const hosts = new KnownHosts(file);
    expect(await hosts.find("a", 1)).toEqual({ pin: pin(1), line: 3 });
    expect(await hosts.find("b", 2)).toEqual({ pin: pin(2), line: 4 });
  });

  test("knows a server however it is spelled", async () => {
    using folder = new TemporaryFolder();
    const hosts = new KnownHosts(folder.join("known_hosts"));
    await hosts.remember("Example.ORG", 1, pin(1));
    expect(await pinFor(hosts, "example.org", 1)).toBe(pin(1));
    await hosts.remember("2001:db8:0:0::1", 1, pin(2));
    expect(await pinFor(hosts, "2001:DB8::0001", 1)).toBe(pin(2));
    await hosts.remember("2001:db8::0:1", 1, pin(3));
    expect(await pinFor(hosts, "2001:db8::1", 1)).toBe(pin(3));
    expect(readFileSync(hosts.file, "utf8").match(/2001/g)).toHaveLength(1);
  });

  test("changes one line, and leaves every other as it is", async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,8}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(name, { minLength: 1, maxLength: 6 }),
        fc.array(fc.constantFrom("", "# a comment", "   ", "#x:1 y")),
        fc.nat(),
        async (names, comments, at) => {
          using folder = new TemporaryFolder();
          const file = folder.join("known_hosts");
          const lines = [...names.map((name, i) => `${name}:1   ${pin(i)}`), ...comments];
          writeFileSync(file, lines.join("\n"), { mode: 0o600 });
          const hosts = new KnownHosts(file);
          const changed = at % names.length;
          await hosts.remember(names[changed] ?? "", 1, pin(99));
          await hosts.remember("NEW", 1, pin(98));
          const wanted = lines.with(changed, `${names[changed]}:1 ${pin(99)}`);
          if (wanted.at(-1) === "") wanted.pop();
          expect(readFileSync(file, "utf8")).toBe(`${wanted.join("\n")}\nnew:1 ${pin(98)}\n`);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("writes nothing where there is nothing to change", async () => {
    using folder = new TemporaryFolder();
    const hosts = new KnownHosts(folder.join("known_hosts"));
    await hosts.remember("a", 1, pin(1));
    const { ino } = statSync(hosts.file);
    await hosts.remember("A", 1, pin(1));
    expect(statSync(hosts.file).ino).toBe(ino);
  });

  test.each([
    [`a:1 ${pin(1)}\nnonsense\n`, "line 2: nonsense is no HOST:PORT: mend or remove the line"],
    [`a:0 ${pin(1)}`, "line 1: a:0 is no HOST:PORT"],
    [`a:65536 ${pin(1)}`, "line 1: a:65536 is no HOST:PORT"],
    [`::1:80 ${pin(1)}`, "line 1: ::1:80 is no HOST:PORT"],
    [`[x]:80 ${pin(1)}`, "line 1: [x]:80 is no HOST:PORT"],
    ["\n\na:1\n", "line 3: the pin is missing"],
    ["a:1 abc", "line 1: abc is no pin of 43 characters"],
    [`a:1 ${pin(1)}x`, "is no pin of 43 characters"],
    [`a:1 ${pin(1)} more`, "line 1: there is more than a server and its pin"],
    [`a:1 ${pin(1)}\nA:1 ${pin(2)}`, "line 2: a:1 stands in line 1 already"],
  ])("reports a bad line: %j", async (text, problem) => {
    using folder = new TemporaryFolder();
    const file = folder.join("known_hosts");
    writeFileSync(file, text, { mode: 0o600 });
    const hosts = new KnownHosts(file);
    await expect(hosts.find("other", 1)).rejects.toThrow(problem);
    await expect(hosts.find("other", 1)).rejects.toThrow(`${file}, `);
    await expect(hosts.remember("other", 1, pin(3))).rejects.toThrow(problem);
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("keeps nothing that it could not read again", async () => {
    using folder = new TemporaryFolder();
    const hosts = new KnownHosts(folder.join("known_hosts"));
    await expect(hosts.remember("a b", 1, pin(1))).rejects.toThrow("cannot be kept");
    await expect(hosts.remember("a\nb:1 x", 1, pin(1))).rejects.toThrow("cannot be kept");
    await expect(hosts.remember("a", 0, pin(1))).rejects.toThrow("cannot be kept");
    await expect(hosts.remember("a", 1, `${pin(1)}\nb:1`)).rejects.toThrow("cannot be kept");
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("trusts no file that others can change", async () => {
    using folder = new TemporaryFolder();
    const hosts = new KnownHosts(folder.join("known_hosts"));
    await hosts.remember("a", 1, pin(1));
    chmodSync(hosts.file, 0o644);
    expect(await pinFor(hosts, "a", 1)).toBe(pin(1));
    for (const mode of [0o620, 0o602]) {
      chmodSync(hosts.file, mode);
      await expect(hosts.find("a", 1)).rejects.toThrow("can be changed by others than its owner");
    }
  });

  test("follows a link to where the file really is", async () => {
    using folder = new TemporaryFolder();
    writeFileSync(folder.join("real"), "", { mode: 0o600 });
    symlinkSync("real", folder.join("known_hosts"));
    await new KnownHosts(folder.join("known_hosts")).remember("a", 1, pin(1));
    expect(readFileSync(folder.join("real"), "utf8")).toContain("a:1 ");
  });

  test("keeps every line where several programs add theirs at once", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("known_hosts");
    const programs = Array.from({ length: 4 }, (_, program) =>
      Array.from({ length: 25 }, (_, i) => [`h${program}-${i}`, pin(program * 25 + i)] as const),
    );
    await atOnce(
      programs.map((entries) => ["remember", file, ...entries.map((entry) => entry.join(" "))]),
    );
    const hosts = new KnownHosts(file);
    for (const [host, pin] of programs.flat()) expect(await pinFor(hosts, host, 12_000)).toBe(pin);
    expect(readdirSync(folder.path).toSorted()).toEqual([".known_hosts.lock", "known_hosts"]);
  });
});

describe("withLock()", () => {
  test("is free again when its holder was killed", async () => {
    using folder = new TemporaryFolder();
    const file = folder.join("file");
    await atOnce([["die", file]]);
    expect(readdirSync(folder.path)).toEqual([".file.lock"]);
    expect(withLock(file, () => 1)).toBe(1);
    expect(statSync(folder.join(".file.lock")).mode & 0o777).toBe(0o600);
  });

  test("is free again after a change that failed", () => {
    using folder = new TemporaryFolder();
    const fail = (): never => {
      throw new Error("no");
    };
    expect(() => withLock(folder.join("file"), fail)).toThrow("no");
    expect(withLock(folder.join("file"), () => 1)).toBe(1);
  });

  test("says so where it cannot be had", () => {
    using folder = new TemporaryFolder();
    const file = folder.join("none/file");
    expect(() => withLock(file, () => 1)).toThrow(`Cannot change ${file}: its lock`);
  });
});
