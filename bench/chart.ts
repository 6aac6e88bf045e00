import { ratioOf, type Result } from "./table.ts";

/** Sizes in pixels. */
const WIDTH = 760;
const ROW = 30;
const LABEL = 300;
const TOP = 46;
/** The longest bar. */
const MOST = 3;

/** Draws how many times better we are than the best peer, a bar for each work. */
export function drawChart(results: readonly Result[], subtitle: string): string {
  const scale = (WIDTH - LABEL - 190) / MOST;
  const bars = results.flatMap((result) => {
    const found = ratioOf(result);
    return found === undefined ? [] : [{ title: result.title, ...found }];
  });
  const rows = bars.map(({ title, ratio, peer }, index) => {
    const y = TOP + index * ROW;
    const length = Math.max(2, Math.min(MOST, ratio) * scale);
    const colour = ratio >= 1 ? "#3a9d5d" : "#c98a2b";
    return [
      `<text x="${LABEL - 8}" y="${y + 18}" text-anchor="end">${escape(title)}</text>`,
      `<rect x="${LABEL}" y="${y + 5}" width="${length.toFixed(1)}" height="18" rx="3" fill="${colour}"/>`,
      `<text x="${(LABEL + length + 6).toFixed(1)}" y="${y + 18}">${ratio.toFixed(2)} x ${escape(peer)}</text>`,
    ].join("\n");
  });
  const height = TOP + bars.length * ROW + 14;
  const one = LABEL + scale;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" aria-labelledby="title">`,
    `<title id="title">Simple FTP against the best peer of each work: longer than the line is better</title>`,
    `<style>text{font:13px system-ui,sans-serif;fill:#59636e}</style>`,
    `<text x="${LABEL}" y="18">How many times better than the best peer (right of the line: better)</text>`,
    `<text x="${LABEL}" y="36" fill-opacity="0.8">${escape(subtitle)}</text>`,
    ...rows,
    `<path d="M${one} ${TOP}V${height - 8}" stroke="#59636e" stroke-dasharray="4 3"/>`,
    "</svg>",
  ].join("\n")}\n`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
