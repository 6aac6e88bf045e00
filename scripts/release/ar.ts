/** A file of an ar archive: its name, of at most 15 characters, and what it holds. */
export type Member = readonly [name: string, content: Uint8Array];

/** Packs files as ar(5) does; that is what a Debian package is. `time` is in seconds since 1970. */
export function packAr(members: readonly Member[], time: number): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("!<arch>\n")];
  for (const [name, content] of members) {
    const fields = [name.padEnd(16), String(time).padEnd(12), "0".padEnd(6), "0".padEnd(6)];
    const size = String(content.length).padEnd(10);
    parts.push(Buffer.from(`${fields.join("")}${"100644".padEnd(8)}${size}\`\n`));
    parts.push(content);
    // Each begins at an even place.
    if (content.length % 2 === 1) parts.push(Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}
