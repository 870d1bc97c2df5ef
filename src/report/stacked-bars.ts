// A standalone SVG of horizontal bars, each split into named parts: for a README, a page, or an image viewer. Colors and
// text follow the reader's light or dark setting.
import { type Html, html } from "./html.ts";

/** One bar. Its parts are drawn as shares of their sum. */
export interface StackedBar {
  label: string;
  /** Text at the right end: what the whole bar is, with its unit. */
  total: string;
  parts: readonly { name: string; value: number }[];
}

/** What {@link renderStackedBars} draws. */
export interface StackedBars {
  title: string;
  /** Lines under the title: device, threads, what was left out. */
  notes: readonly string[];
  groups: readonly { title: string; bars: readonly StackedBar[] }[];
}

const page = 820;
const left = 150;
const plot = 540;
const row = 30;
// Light and dark enough for black and white text alike; neighbours differ in lightness too.
const colors = [
  "#2166d6",
  "#e08214",
  "#3a9d5d",
  "#b2569e",
  "#77a9f0",
  "#c9483c",
  "#8a8f9c",
  "#d6b13a",
  "#4fb3b0",
  "#444b59",
];

const style = `
svg { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; background: #fff; }
text { fill: #16181d; } .soft { fill: #5a6070; font-size: 12px; } .title { font-size: 16px; font-weight: 650; } .group { font-weight: 650; }
.in { fill: #fff; font-size: 11px; text-anchor: middle; }
@media (prefers-color-scheme: dark) { svg { background: #181b21; } text { fill: #eceef2; } .soft { fill: #a2a9b8; } .in { fill: #fff; } }
`;

/**
 * Draws the bars.
 *
 * @example
 * ```ts
 * const bars = [{ label: "decode at 64", total: "14.1 ms", parts: [{ name: "ffn", value: 9.2 }] }];
 * renderStackedBars({ title: "PhoneLM-0.5B", notes: [], groups: [{ title: "Time", bars }] });
 * ```
 */
export function renderStackedBars({ title, notes, groups }: StackedBars): string {
  const drawn: Html[] = [html`<text class="title" x="16" y="28">${title}</text>`];
  let y = 28;
  for (const note of notes) drawn.push(html`<text class="soft" x="16" y="${(y += 18)}">${note}</text>`);
  for (const group of groups) {
    const names = [...new Set(group.bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
    drawn.push(html`<text class="group" x="16" y="${(y += 34)}">${group.title}</text>`);
    y += 10;
    for (const bar of group.bars) {
      drawn.push(drawBar(bar, names, y));
      y += row;
    }
    drawn.push(...drawLegend(names, (y += 14)));
    y += 18 * Math.floor((names.length - 1) / legendColumns);
  }
  const height = y + 20;
  return `${html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${page} ${height}" width="${page}" height="${height}" role="img" aria-label="${title}">`.text}
<style>${style}</style>
${drawn.map(({ text }) => text).join("\n")}
</svg>
`;
}

function drawBar({ label, total, parts }: StackedBar, names: readonly string[], y: number): Html {
  const whole = parts.reduce((sum, { value }) => sum + value, 0);
  let x = left;
  const pieces = parts.map(({ name, value }) => {
    const share = whole > 0 ? value / whole : 0;
    const width = share * plot;
    const at = x;
    x += width;
    const percent = `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
    const inside = width > 36 && html`<text class="in" x="${fixed(at + width / 2)}" y="${y + 15}">${percent}</text>`;
    return html`<g><title>${name}: ${percent}</title><rect x="${fixed(at)}" y="${y}" width="${fixed(width)}" height="22" fill="${color(names, name)}"/>${inside}</g>`;
  });
  return html`<text x="${left - 10}" y="${y + 15}" text-anchor="end">${label}</text>${pieces}
<text class="soft" x="${left + plot + 10}" y="${y + 15}">${total}</text>`;
}

/** Of 160 each: the longest name, "attention projections", takes 142. */
const legendColumns = 4;

function drawLegend(names: readonly string[], y: number): Html[] {
  return names.map((name, i) => {
    const [x, line] = [left + (i % legendColumns) * 160, y + 18 * Math.floor(i / legendColumns)];
    return html`<rect x="${x}" y="${line - 10}" width="11" height="11" fill="${color(names, name)}"/><text class="soft" x="${x + 17}" y="${line}">${name}</text>`;
  });
}

function color(names: readonly string[], name: string): string {
  return colors[names.indexOf(name) % colors.length]!;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
