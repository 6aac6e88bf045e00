/** The latest time that a date can hold, in milliseconds since 1970. */
const LATEST_MS = 8.64e15;

/** A time as a table shows it, in the zone of this machine: `2026-11-22 17:03`. */
export function formatTime(ms: number): string {
  if (!isDate(ms)) return "?";
  const [date, time] = localParts(ms);
  return `${date} ${time.slice(0, 5)}`;
}

/** A time in full, as ISO 8601 in the zone of this machine: `2026-11-22T17:03:05.120+01:00`. */
export function formatLocalIso(ms: number): string {
  if (!isDate(ms)) return "?";
  const [date, time] = localParts(ms);
  const east = -new Date(ms).getTimezoneOffset();
  const offset = Math.abs(east);
  const zone = `${east < 0 ? "-" : "+"}${two(Math.floor(offset / 60))}:${two(offset % 60)}`;
  return `${date}T${time}${zone}`;
}

function localParts(ms: number): [date: string, time: string] {
  const at = new Date(ms);
  const year = String(at.getFullYear()).padStart(4, "0");
  const seconds = `${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
  return [
    `${year}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    `${two(at.getHours())}:${two(at.getMinutes())}:${seconds}`,
  ];
}

function isDate(ms: number): boolean {
  return Math.abs(ms) <= LATEST_MS;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
