import type { Random } from "./random.ts";

/** What is put in the place of numbers and words: where limits are, and what means something. */
const WORDS = [
  ..."0 -0 -1 +1 1e3 0x1 01 00 1 2 255 256 4096 8191 8192 8193 262143 262144 262145".split(" "),
  ..."2147483647 2147483648 4294967295 4294967296 9007199254740991 9007199254740992".split(" "),
  ..."9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616".split(" "),
  ..."size offset part mtime exec if absent digest upto to recursive drop mechanism data".split(
    " ",
  ),
  ..."GET PUT END ABORT HELD LIST STAT MKDIR DELETE RENAME AUTH NOOP QUIT".split(" "),
  ..."110 150 200 213 220 221 225 226 230 250 334 421 426 450 452 500 551 999".split(" "),
  ..."%2e%2e %2F %00 %ff %C0%AF %ED%A0%80 ../ .. . / // \\ : ~ + = , # @ * ? [ ] { } ' \" ;".split(
    " ",
  ),
  "\n",
  "\r\n",
  "\r",
  "\0",
  " ",
  "\t",
  "\u001b[2J",
  "\u007f",
  "\u009b",
  ".sftp-staging",
  "con",
  "nul.txt",
  "9".repeat(400),
  "a".repeat(300),
  "/a".repeat(200),
];

/** Bytes with some changes, such as nobody makes who means well. */
export function mutated(random: Random, bytes: Uint8Array): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let changes = 1 + random.below(4); changes > 0; changes--) result = changed(random, result);
  return result;
}

function changed(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const length = Math.min(bytes.length - at, 1 + random.below(random.below(4) === 0 ? 200 : 4));
  const put = (piece: Uint8Array, instead: number): Buffer =>
    Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + instead)]);
  switch (random.below(9)) {
    case 0: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      return flipped;
    }
    case 1:
      return put(Buffer.alloc(0), length);
    case 2:
      return put(Buffer.from([random.below(256)]), random.below(2));
    case 3:
      return put(Buffer.from(wordOf(random), "latin1"), 0);
    case 4:
      return put(Buffer.from(wordOf(random), "latin1"), length);
    case 5:
      return put(bytes.subarray(at, at + length), 0);
    case 6:
      return bytes.subarray(0, at);
    case 7: {
      const from = random.below(bytes.length + 1);
      return put(bytes.subarray(from, from + length), length);
    }
    default:
      return numberChanged(random, bytes);
  }
}

function numberChanged(random: Random, bytes: Buffer): Buffer {
  const numbers = [
    ...bytes
      .subarray(0, 4096)
      .toString("latin1")
      .matchAll(/[0-9]+/g),
  ];
  const found = numbers[random.below(numbers.length)];
  if (found === undefined) return bytes;
  const word = Buffer.from(wordOf(random), "latin1");
  const end = found.index + found[0].length;
  return Buffer.concat([bytes.subarray(0, found.index), word, bytes.subarray(end)]);
}

function wordOf(random: Random): string {
  return WORDS[random.below(WORDS.length)] ?? "";
}
