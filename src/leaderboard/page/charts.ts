// The two charts of results: capability against what it costs, and over release dates. What was measured and what is printed
// have marks, fronts and bests of their own.
import { formatBytes, formatCount, formatRate } from "../../format.ts";
import { type Axis, type ChartOptions, type ChartPoint, type Color, colorAt, type Series } from "../../report/chart.ts";
import { linearScale, logScale } from "../../report/scale.ts";
import type { Kind, SiteData } from "../data.ts";
import { errorText, formatMs, scoreText } from "./table.ts";
import type { CostAxis, Shown, View } from "./view.ts";

/** A point with the line it stands for. */
type Point = ChartPoint & { line: Shown };

const costs: Readonly<Record<CostAxis, { name: string; title: string; more: boolean; format(value: number): string }>> =
  {
    decode: { name: "decode, tok/s", title: "decode speed", more: true, format: formatRate },
    prefill: { name: "prefill, tok/s", title: "prefill speed", more: true, format: formatRate },
    firstTokenMs: { name: "time to the first token", title: "first token", more: false, format: formatMs },
    memoryBytes: { name: "memory", title: "memory", more: false, format: formatBytes },
  };

/** The names of the axes, for a menu. */
export const axisNames: readonly (readonly [CostAxis, string])[] = [
  ["decode", "decode speed"],
  ["prefill", "prefill speed"],
  ["firstTokenMs", "time to the first token"],
  ["memoryBytes", "memory"],
];

/** Colors go to the devices with most points; published figures are grey. */
const coloredDevices = 6;
const otherDevices: Color = 10;
const published: Color = 8;

/** Capability against a cost, a dot per row, as large as the model; null where no row has both. */
export function tradeoffChart(shown: readonly Shown[], site: SiteData, view: View): ChartOptions | null {
  const measure = site.measures[view.measure];
  const { name, title, more, format } = costs[view.axis];
  const points = shown.flatMap((line): Point[] => {
    const [x, y] = [line.cost?.[view.axis], line.score?.value];
    if (typeof x !== "number" || x <= 0 || y === undefined) return [];
    return [{ x, y, line, ...looks(line, site, view), detail: details(line, `${name} ${format(x)}`) }];
  });
  if (measure === undefined || points.length === 0) return null;
  const fronts = (["measured", "published"] as const).map((kind) => ({
    kind,
    points: front(
      points.filter(({ line }) => line.row.kind === kind),
      more,
      measure.higherIsBetter,
    ),
  }));
  for (const { points } of fronts) nameOnce(points);
  shrink(points);
  const xs = points.map(({ x }) => x);
  return {
    id: "tradeoff",
    title: `Capability against ${title}`,
    description: `${countOf(points)}. ${fronts.flatMap(({ kind, points }) => frontText(kind, points)).join(" ")} The table below has the numbers.`,
    series: [
      ...fronts.map(({ kind, points }) => frontLine(kind, points)),
      ...byDevice(points.filter(({ line }) => line.row.kind === "measured")),
      publishedDots(points),
    ],
    x: {
      name: `${name}${view.prompt > 0 && points.some(({ line }) => line.cost?.prompt !== null) ? `, prompt of ${view.prompt}` : ""}; ${more ? "right" : "left"} is better`,
      scale: logScale(...range(xs)),
      format,
    },
    y: scoreAxis(points, site, view),
    scatter: true,
  };
}

/** The best score of each model over its release date; null where no row has both. */
export function trendChart(shown: readonly Shown[], site: SiteData, view: View): ChartOptions | null {
  const measure = site.measures[view.measure];
  if (measure === undefined) return null;
  const better = (a: number, b: number) => (measure.higherIsBetter ? a > b : a < b);
  const best = new Map<string, Point>();
  for (const line of shown) {
    const { score, model, row } = line;
    const x = model.released === null ? null : yearsOf(model.released);
    if (score === null || x === null) continue;
    const key = `${row.kind} ${row.model}`;
    const other = best.get(key);
    if (other !== undefined && !better(score.value, other.y)) continue;
    const detail = details(line, `released ${model.released!.slice(0, 7)}`);
    best.set(key, { x, y: score.value, line, ...looks(line, site, view), detail });
  }
  const points = [...best.values()];
  if (points.length === 0) return null;
  const bests = (["measured", "published"] as const).map((kind) => {
    const own = points.filter(({ line }) => line.row.kind === kind);
    return { kind, points: records(own, better) };
  });
  for (const { points } of bests) nameOnce(points);
  const years = points.map(({ x }) => x);
  const [first, last] = [Math.floor(Math.min(...years)), Math.ceil(Math.max(...years) + 0.01)];
  return {
    id: "trend",
    title: "Capability over release dates",
    description: `${countOf(points)}, the best score of each model. ${bests.flatMap(({ kind, points }) => (points.length === 0 ? [] : [`The best of the ${kind} until its time: ${points.map(named).join(", ")}.`])).join(" ")} The table below has the numbers.`,
    series: [
      ...bests.map(({ kind, points }) => stepLine(kind, points, last)),
      dots(
        "measured",
        1,
        points.filter(({ line }) => line.row.kind === "measured"),
      ),
      publishedDots(points),
    ],
    x: {
      name: "release date",
      scale: {
        place: (value) => (value - first) / (last - first),
        ticks: Array.from({ length: last - first + 1 }, (_, i) => first + i),
      },
      format: String,
    },
    y: scoreAxis(points, site, view),
    scatter: true,
  };
}

/** The points that no other beats in both, from the least cost to the best score. */
export function front<P extends { x: number; y: number }>(points: readonly P[], more: boolean, higher: boolean): P[] {
  const cheap = more ? -1 : 1;
  const good = higher ? -1 : 1;
  const sorted = points.toSorted((a, b) => cheap * (a.x - b.x) || good * (a.y - b.y));
  let best = Infinity;
  const kept = sorted.filter(({ y }) => good * y < best && (best = good * y) !== undefined);
  return kept.sort((a, b) => a.x - b.x);
}

/** The points that were better than all before them. */
function records(points: readonly Point[], better: (a: number, b: number) => boolean): Point[] {
  const kept: Point[] = [];
  for (const point of points.toSorted((a, b) => a.x - b.x || (better(a.y, b.y) ? -1 : 1))) {
    if (kept.length === 0 || better(point.y, kept.at(-1)!.y)) kept.push(point);
  }
  return kept;
}

function looks({ model, score }: Shown, { measures }: SiteData, { measure }: View): Omit<ChartPoint, "x" | "y"> {
  const of = measures[measure]!;
  const text = score === null ? "" : `${scoreText(score, of)} ${errorText(score, of)}`.trim();
  return { label: model.name, text, href: `model.html?id=${model.slug}`, size: diameter(model.parameters) };
}

function details({ model, device, row, source }: Shown, first: string): string[] {
  const size = model.parameters === null ? [] : [`${formatCount(model.parameters)} parameters`];
  const where =
    source === null ? [device?.name, row.weights].filter((part) => typeof part === "string") : [source.name];
  return [first, ...size, where.join(", ")];
}

// A name stands once, at the best point that has it; on the page of one model its devices are named.
function nameOnce(points: readonly Point[]): void {
  const single = new Set(points.map(({ line }) => line.model)).size === 1;
  const seen = new Set<string>();
  for (const point of points) {
    const { model, device } = point.line;
    const name = single ? (device?.name ?? model.name) : model.name;
    if (!seen.has(name)) point.tag = name;
    seen.add(name);
  }
}

// Many large dots would be one.
function shrink(points: readonly Point[]): void {
  const factor = points.length > 400 ? 0.45 : points.length > 100 ? 0.65 : 1;
  for (const point of points) point.size = Math.max(5, Math.round(point.size! * factor));
}

// The area is proportional to the parameters: 3 billion are 26 pixels wide. Tiny ones stay visible.
function diameter(parameters: number | null): number {
  if (parameters === null) return 7;
  return Math.round(Math.min(34, Math.max(6, 26 * Math.sqrt(parameters / 3e9))));
}

function byDevice(points: readonly Point[]): Series[] {
  const groups = [...Map.groupBy(points, ({ line }) => line.device?.name ?? "")].sort(
    (a, b) => b[1].length - a[1].length,
  );
  const named = groups.slice(0, coloredDevices);
  const others = groups.slice(named.length).flatMap(([, own]) => own);
  // The others first, and so beneath.
  return [
    dots(`${groups.length - named.length} other devices`, otherDevices, others),
    ...named.map(([name, own], i) => dots(name, colorAt(i), own)),
  ];
}

// Large ones first, so that small ones are not hidden.
function dots(name: string, color: Color, points: readonly Point[]): Series {
  return { name, color, kind: "dots", points: points.toSorted((a, b) => b.size! - a.size!) };
}

function publishedDots(points: readonly Point[]): Series {
  const own = points.filter(({ line }) => line.row.kind === "published");
  return { ...dots("published", published, own), hollow: true };
}

function frontLine(kind: Kind, points: readonly Point[]): Series {
  const name = kind === "measured" ? "Pareto front" : "front of the published";
  return { ...lineLooks(kind), name, points: points.length > 1 ? bare(points) : [] };
}

// What was best stays best until something is better.
function stepLine(kind: Kind, points: readonly Point[], end: number): Series {
  const steps = points.flatMap((point, i) => [
    { x: point.x, y: point.y },
    { x: points[i + 1]?.x ?? end, y: point.y },
  ]);
  return { ...lineLooks(kind), name: kind === "measured" ? "best so far" : "best of the published", points: steps };
}

function lineLooks(kind: Kind): Omit<Series, "name" | "points"> {
  return kind === "measured"
    ? { color: 1, kind: "line", silent: true }
    : { color: published, kind: "line", silent: true, dash: 1 };
}

function bare(points: readonly Point[]): ChartPoint[] {
  return points.map(({ x, y }) => ({ x, y }));
}

function scoreAxis(points: readonly Point[], { measures }: SiteData, { measure }: View): Axis {
  const of = measures[measure]!;
  const scale = linearScale(...range(points.map(({ y }) => y)), 5);
  const digits = scale.ticks.some((tick) => Math.abs(tick * 100 - Math.round(tick * 100)) > 1e-6) ? 1 : 0;
  const name = `${of.name}; ${of.higherIsBetter ? "higher" : "lower"} is better`;
  return { name, scale, format: (value) => (of.share ? `${(100 * value).toFixed(digits)} %` : String(value)) };
}

function frontText(kind: Kind, points: readonly Point[]): string[] {
  return points.length === 0 ? [] : [`Of the ${kind}, none beats ${points.map(named).join(", ")} in both.`];
}

function named({ line, text }: Point): string {
  return `${line.model.name} (${text})`;
}

function countOf(points: readonly Point[]): string {
  const count = (kind: Kind) => points.filter(({ line }) => line.row.kind === kind).length;
  return `${count("measured")} measured and ${count("published")} published points, as large as the model`;
}

// 2024-07 as 2024.54: the middle of the month.
function yearsOf(date: string): number | null {
  const [year, month = 6.5] = date.split("-").map(Number);
  return Number.isFinite(year) && Number.isFinite(month) ? year! + (month - 0.5) / 12 : null;
}

function range(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}
