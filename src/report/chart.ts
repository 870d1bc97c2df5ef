// Charts as inline SVG with tick labels in HTML: the drawing stretches with the page, the text keeps its size on a phone.
// Each carries its numbers as JSON for the tooltips of ./script.ts.
import { type Html, html, jsonScript } from "./html.ts";
import type { Scale } from "./scale.ts";
import { placeTags } from "./tags.ts";

/** A color of the style sheet, where it has a light and a dark form. */
export type Color = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** The color of the i-th of several things, counted from 0; the eleventh has the first one's again. */
export function colorAt(i: number): Color {
  return ((i % 10) + 1) as Color;
}

/** One line, or one set of points, of a chart. */
export interface Series {
  name: string;
  color: Color;
  kind: "line" | "dots" | "line-dots";
  points: readonly ChartPoint[];
  /** How its line is broken; default 0, not at all. */
  dash?: 0 | 1 | 2 | 3;
  /** Draws the intervals of the points as one band behind the line. */
  band?: boolean;
  /** Dots are empty squares: things of another kind. */
  hollow?: boolean;
  /** Tells nothing in tooltips: a line through points of other series. */
  silent?: boolean;
}

/**
 * A point; `label` replaces the x value in the tooltip and `text` the y value, `marked` points are drawn larger and last, `tag` is written beside
 * the point where there is room, `detail` are further lines of the tooltip, `low` and `high` the ends of y's interval.
 */
export interface ChartPoint {
  x: number;
  y: number;
  label?: string;
  text?: string;
  marked?: boolean;
  tag?: string;
  detail?: readonly string[];
  low?: number;
  high?: number;
  /** Diameter of the dot in pixels. */
  size?: number;
  /** Where the point leads. */
  href?: string;
}

/** What {@link chart} draws. */
export interface ChartOptions {
  /** Unique on the page. */
  id: string;
  title: string;
  /** What the picture shows, for those who cannot see it. */
  description: string;
  series: readonly Series[];
  x: Axis;
  y: Axis;
  /** The points are single things, found by both coordinates; otherwise a tooltip tells every line's value at one x. */
  scatter?: boolean;
  /** Takes the whole row on a large screen. */
  wide?: boolean;
  /** A diagonal from the lower left: where both coordinates are the same. */
  diagonal?: boolean;
}

/** An axis: its name with the unit, its scale, and how values are written. */
export interface Axis {
  name: string;
  scale: Scale;
  format(value: number): string;
}

// The drawing's own units; it is stretched to the size of the page.
const size = 1000;

/** A figure with heading, legend (for two series or more), axes, grid, lines and a tooltip. Empty series are left out. */
export function chart(options: ChartOptions): Html {
  const stops = { scatter: options.scatter === true, stops: tooltipStops(options) };
  return drawChart(options, html`<script type="application/json" class="stops">${jsonScript(stops)}</script>`);
}

/** The figure without its tooltips' texts, for a page that keeps them elsewhere. */
export function drawChart(options: ChartOptions, end: Html | null = null): Html {
  const { id, title, description, x, y, wide = false } = options;
  const series = options.series.filter(({ points }) => points.length > 0);
  return html`<figure class="chart${options.scatter === true && " scatter"}${wide && " wide"}" id="${id}">
<figcaption><h3>${title}</h3>${series.length > 1 && legend(series)}</figcaption>
<p class="unit" aria-hidden="true">${y.name}</p>
<div class="plot">
<div class="labels-y" aria-hidden="true">${y.scale.ticks.map((tick) => html`<span style="bottom:${percent(y.scale.place(tick))}">${y.format(tick)}</span>`)}</div>
<svg viewBox="0 0 ${size} ${size}" preserveAspectRatio="none" role="img" tabindex="0" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>
<g class="grid">${gridLines(x.scale, y.scale)}</g>
${options.diagonal === true && diagonal(x.scale, y.scale)}
${series.map((one) => drawSeries(one, x.scale, y.scale))}
<line class="cursor" x1="0" x2="0" y1="0" y2="${size}" visibility="hidden"/>
</svg>
${tags(series, x.scale, y.scale, wide)}
<div class="tooltip" role="status" hidden></div>
<div class="labels-x" aria-hidden="true">${x.scale.ticks.map((tick) => html`<span style="left:${percent(x.scale.place(tick))}">${x.format(tick)}</span>`)}</div>
</div>
<p class="unit end" aria-hidden="true">${x.name}</p>
${end}
</figure>`;
}

/** Averages neighbours so that at most `most` points are left: a long loss curve becomes light, and smoother. */
export function thin(points: readonly ChartPoint[], most: number): ChartPoint[] {
  const group = Math.ceil(points.length / most);
  const result: ChartPoint[] = [];
  for (let i = 0; i < points.length; i += group) {
    const part = points.slice(i, i + group);
    const mean = (key: "x" | "y") => part.reduce((sum, point) => sum + point[key], 0) / part.length;
    result.push({ x: Math.round(mean("x")), y: mean("y") });
  }
  return result;
}

function legend(series: readonly Series[]): Html {
  const items = series.map(
    ({ name, color, kind, dash = 0, hollow }) =>
      html`<li><i class="key ${kind} c${color} dash${dash}${hollow === true && " hollow"}"></i>${name}</li>`,
  );
  return html`<ul class="legend">${items}</ul>`;
}

function gridLines(x: Scale, y: Scale): Html[] {
  const rows = y.ticks.map((tick) => {
    const at = coordinate(1 - y.place(tick));
    return html`<line x1="0" x2="${size}" y1="${at}" y2="${at}"/>`;
  });
  const columns = x.ticks.map((tick) => {
    const at = coordinate(x.place(tick));
    return html`<line class="tick" x1="${at}" x2="${at}" y1="${size - 14}" y2="${size}"/>`;
  });
  return [...rows, ...columns];
}

// A dot is a line of no length with round ends, so that it stays round however the drawing is stretched.
function drawSeries(series: Series, x: Scale, y: Scale): Html {
  const { kind, color, points, dash = 0, band: banded = false, hollow = false } = series;
  const at = (point: ChartPoint) => `${coordinate(x.place(point.x))} ${coordinate(1 - y.place(point.y))}`;
  const dots = points.toSorted((a, b) => Number(a.marked ?? false) - Number(b.marked ?? false));
  return html`<g class="series c${color}${hollow && " hollow"}">
${banded && band(points, x, y)}
${!banded && points.map((point) => point.low !== undefined && point.high !== undefined && interval(point, x, y))}
${kind !== "dots" && html`<path class="line dash${dash}" d="M${points.map(at).join("L")}"/>`}
${kind !== "line" && dots.map((point) => drawDot(point, at(point), hollow))}
</g>`;
}

// Hollow: a square in the color of the card over a larger one.
function drawDot({ marked = false, size }: ChartPoint, at: string, hollow: boolean): Html {
  const width = (pixels: number) => html` style="stroke-width:${pixels}px"`;
  const dot = html`<path class="dot${marked && " marked"}" d="M${at}h0"${size !== undefined && width(size)}/>`;
  return hollow ? html`${dot}<path class="dot inside" d="M${at}h0"${width((size ?? 9) - 4)}/>` : dot;
}

function interval({ x: at, low, high }: ChartPoint, x: Scale, y: Scale): Html {
  return html`<path class="interval" d="M${coordinate(x.place(at))} ${clipped(y, high!)}V${clipped(y, low!)}"/>`;
}

// There and back again: along the upper ends, then along the lower ones.
function band(points: readonly ChartPoint[], x: Scale, y: Scale): Html {
  const upper = points.map((point) => `${coordinate(x.place(point.x))} ${clipped(y, point.high ?? point.y)}`);
  const lower = points.map((point) => `${coordinate(x.place(point.x))} ${clipped(y, point.low ?? point.y)}`);
  return html`<path class="band" d="M${[...upper, ...lower.reverse()].join("L")}Z"/>`;
}

function clipped(y: Scale, value: number): string {
  return coordinate(1 - Math.min(1, Math.max(0, y.place(value))));
}

function diagonal(x: Scale, y: Scale): Html {
  const low = Math.max(x.ticks[0]!, y.ticks[0]!);
  const high = Math.min(x.ticks.at(-1)!, y.ticks.at(-1)!);
  const at = (value: number) => `${coordinate(x.place(value))} ${coordinate(1 - y.place(value))}`;
  return html`<path class="diagonal" d="M${at(low)}L${at(high)}"/>`;
}

function tags(series: readonly Series[], x: Scale, y: Scale, wide: boolean): Html | false {
  const points = series.flatMap(({ color, points }) =>
    points.flatMap(({ x: px, y: py, tag, marked = false }) =>
      tag === undefined ? [] : [{ text: tag, x: x.place(px), y: y.place(py), color, marked }],
    ),
  );
  if (points.length === 0) return false;
  const placed = placeTags(points, wide).map(
    ({ text, left, bottom, side, narrow, color, marked }) =>
      html`<span class="${side}${!narrow && " roomy"}${marked && ` c${color}`}" style="left:${percent(left)};bottom:${percent(bottom)}">${text}</span>`,
  );
  return html`<div class="tags" aria-hidden="true">${placed}</div>`;
}

/** A place where a tooltip can stand: fractions of the plot, a heading, and a line per series with its color. */
export interface TooltipStop {
  at: number;
  height: number;
  label: string;
  lines: { color: number; text: string }[];
  href?: string | undefined;
}

/** The places of a chart's tooltips, from left to right. */
export function tooltipStops({ series, x, y, scatter = false }: ChartOptions): TooltipStop[] {
  const told = series.filter(({ silent }) => silent !== true);
  const all = told.flatMap((one) =>
    one.points.map((point) => ({
      name: one.name,
      at: round(x.scale.place(point.x)),
      height: round(y.scale.place(point.y)),
      label: point.label ?? `${x.format(point.x)} ${x.name}`,
      line: { color: one.color, text: `${one.name}: ${point.text ?? y.format(point.y)}` },
      detail: (point.detail ?? []).map((text) => ({ color: 0, text })),
      href: point.href,
    })),
  );
  all.sort((a, b) => a.at - b.at);
  if (scatter) {
    return all.map(({ at, height, label, line, detail, href }) => ({
      at,
      height,
      label,
      lines: [line, ...detail],
      href,
    }));
  }
  return all
    .filter((entry, i) => entry.at !== all[i - 1]?.at)
    .map(({ at, height, label }) => {
      const near = Map.groupBy(
        all.filter((entry) => Math.abs(entry.at - at) < 0.012),
        ({ name }) => name,
      );
      const lines = [...near.values()].map((entries) => closest(entries, at).line);
      return { at, height, label, lines };
    });
}

function closest<T extends { at: number }>(entries: readonly T[], at: number): T {
  return entries.reduce((best, entry) => (Math.abs(entry.at - at) < Math.abs(best.at - at) ? entry : best));
}

function coordinate(fraction: number): string {
  return String(Math.round(fraction * size * 10) / 10);
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 1e4) / 100}%`;
}

function round(fraction: number): number {
  return Math.round(fraction * 1e4) / 1e4;
}
