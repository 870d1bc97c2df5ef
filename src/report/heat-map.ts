// A table whose cells are colored by a share: numbers for those who read, colors for those who look.
import { type Html, html } from "./html.ts";
import { table } from "./page.ts";

/** What {@link heatMap} shows. */
export interface HeatMap {
  /** Its heading, and its name for those who cannot see it. */
  title: string;
  /** What the columns are, and what the rows are. */
  axes: { columns: string; rows: string };
  columns: readonly string[];
  rows: readonly { name: string; cells: readonly (HeatCell | null)[] }[];
}

/** One cell: its share of 0..1, and what hovering tells. It is written in per cent, without the sign. */
export interface HeatCell {
  share: number;
  title: string;
}

// Viridis (Smith and van der Walt 2015): even steps for the eye, also without color vision; dark at 0, bright at 1.
const stops = ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"].map((hex) =>
  [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)),
);

/** The background of a share and a text color with a contrast of at least 4.5 on it. The same in light and dark. */
export function heatColors(share: number): { background: string; text: string } {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1);
  const [low, high] = [stops[Math.floor(at)]!, stops[Math.ceil(at)]!];
  const rgb = low.map((value, i) => Math.round(value + (high[i]! - value) * (at % 1)));
  return { background: `rgb(${rgb.join(" ")})`, text: luminance(rgb) > 0.179 ? "#000" : "#fff" };
}

/** The table. */
export function heatMap({ title, axes, columns, rows }: HeatMap): Html {
  const heads = columns.map((name) => html`<th scope="col">${name}</th>`);
  const lines = rows.map(({ name, cells }) => html`<tr><th scope="row">${name}</th>${cells.map(drawCell)}</tr>`);
  const corner = html`<th scope="col"><span class="corner">${axes.rows} ↓ ${axes.columns} →</span></th>`;
  return html`<figure class="heat"><figcaption><h3>${title}</h3></figcaption>${table(title, [corner, ...heads], lines)}</figure>`;
}

/** What the colors mean: from 0 to 100. */
export function heatLegend(): Html {
  const steps = Array.from({ length: 11 }, (_, i) => html`<i style="background:${heatColors(i / 10).background}"></i>`);
  return html`<p class="heat-legend" aria-hidden="true"><span>0 %</span><span class="ramp">${steps}</span><span>100 %</span></p>`;
}

function drawCell(cell: HeatCell | null): Html {
  if (cell === null) return html`<td class="empty">–</td>`;
  const { background, text } = heatColors(cell.share);
  return html`<td style="background:${background};color:${text}" title="${cell.title}">${Math.round(100 * cell.share)}</td>`;
}

/** Of WCAG 2: black on more than 0.179 has the larger contrast, white on less. */
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
