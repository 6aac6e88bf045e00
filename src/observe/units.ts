const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A size as people read it: `900 B`, `47.1 KiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = "";
  for (unit of UNITS) {
    value /= 1024;
    if (value < 999.95) break;
  }
  return `${value.toFixed(1)} ${unit}`;
}

/** Two sizes to be compared: in bytes where they would look the same. */
export function formatSizes(one: number, other: number): readonly [string, string] {
  const shown = [formatSize(one), formatSize(other)] as const;
  return one === other || shown[0] !== shown[1] ? shown : [`${one} bytes`, `${other} bytes`];
}

/** A whole number as people read it: `1,234`. The runtime's own way takes 5 ms the first time. */
export function formatCount(number: number): string {
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** A duration as people read it: `4 ms`, `0.02 s`, `12.3 s`, `3 min 20 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 0.01) return `${Math.ceil(seconds * 1000)} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** The time that is left, as a clock shows it: `0:07`, `12:34`, `1:02:03`. */
export function formatClock(seconds: number): string {
  const whole = Math.ceil(seconds);
  const hours = Math.floor(whole / 3600);
  const two = (value: number): string => String(value).padStart(2, "0");
  if (hours >= 100) return ">99 h";
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0/, "");
}
