// The charts of a search: quality against speed, speed against depth and width, predicted against measured.
import { formatCount, formatRate, significant } from "../../format.ts";
import type { Candidate, Finding, KnownCandidate, SpeedRange } from "../../search/index.ts";
import type { Spec } from "../../spec/spec.ts";
import { type ChartPoint, chart, type Series } from "../chart.ts";
import type { Html } from "../html.ts";
import { linearScale, logScale, type Scale, spanScale } from "../scale.ts";

/** Which speed. */
export type Phase = "decode" | "prefill";

const speedKeys = { decode: "decodeTokensPerSecond", prefill: "prefillTokensPerSecond" } as const;

/** A shape in a few words: 19 layers × 2560, relu FFN 6816, 16 heads over 4. Where a table is narrow, it breaks at its commas. */
export function shapeText({ layers, layerRepeat, width, ffnWidth, heads, kvHeads, activation }: Spec): string {
  const runs = layerRepeat > 1 ? ` run ${layerRepeat} times` : "";
  const over = kvHeads === heads ? "" : ` over ${kvHeads}`;
  const together = (text: string) => text.replaceAll(" ", "\u00a0");
  const sizes = `${together(`${layers} layers`)}${runs} ${together(`× ${width}`)}`;
  return [sizes, together(`${activation} FFN ${ffnWidth}`), together(`${heads} heads${over}`)].join(", ");
}

/** A loss ratio as +1.2 %. */
export function lossText(ratio: number): string {
  const percent = (ratio - 1) * 100;
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %`;
}

/** Cautiously predicted loss against predicted speed: the front, the winner, and models that readers know. */
export function paretoChart(finding: Finding, phase: Phase): Html {
  const key = speedKeys[phase];
  const point = (one: Candidate, more: Partial<ChartPoint> = {}): ChartPoint => ({
    x: one.speed[key].value,
    y: (one.cautiousLoss - 1) * 100,
    label: shapeText(one.spec),
    detail: [
      `${formatCount(one.parameters)} parameters`,
      `${phase} ${formatRate(one.speed[key].low)} to ${formatRate(one.speed[key].high)} tok/s`,
      `predicted loss ${lossText(one.relativeLoss.value)} (${lossText(one.relativeLoss.low)} to ${lossText(one.relativeLoss.high)})`,
    ],
    ...more,
  });
  const { winner } = finding;
  const interval = { low: (winner.relativeLoss.low - 1) * 100, high: (winner.relativeLoss.high - 1) * 100 };
  const [papers, others] = partition(finding.known, ({ name }) => /^(PhoneLM|MobileLLM)/.test(name));
  const named = (one: KnownCandidate) => point(one, { tag: one.name, label: `${one.name}: ${shapeText(one.spec)}` });
  const series: Series[] = [
    { name: "winner", color: 2, kind: "dots", points: [point(winner, { marked: true, tag: "winner", ...interval })] },
    { name: "PhoneLM, MobileLLM", color: 4, kind: "dots", points: papers.map(named) },
    { name: "other known models", color: 3, kind: "dots", points: others.map(named) },
    { name: "Pareto front", color: 1, kind: "line-dots", points: finding.fronts[phase].map((one) => point(one)) },
  ];
  const all = series.flatMap(({ points }) => points);
  const [slow, fast] = range(all.map(({ x }) => x));
  const [good, bad] = range(all.map(({ y }) => y));
  const { prompt, context } = finding.objective;
  const where = phase === "decode" ? `behind ${context} tokens` : `of a prompt of ${prompt}`;
  return chart({
    id: `pareto-${phase}`,
    title: `Quality against ${phase}`,
    description: `${finding.fronts[phase].length} shapes that no other beats in both, from ${formatRate(slow)} to ${formatRate(fast)} tokens per second. Further right and lower is better.`,
    series,
    x: {
      name: `predicted ${phase} ${where}, tok/s`,
      scale: spanScale(slow * 0.98, fast * 1.02, 6),
      format: formatRate,
    },
    y: {
      name: `loss against ${finding.reference.name}, not exceeded with 84 % certainty; lower is better`,
      scale: linearScale(Math.min(good, 0), Math.max(bad, 0.5), 5),
      format: (value) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${significant(Math.abs(value), 2)} %`,
    },
    scatter: true,
    wide: true,
  });
}

/** Fastest, middle and slowest shape of each depth or width. */
export function sizeChart({ bySize, winner }: Finding, axis: "depth" | "width", phase: Phase): Html {
  const ranges = bySize[axis][phase];
  const line = (pick: (one: SpeedRange) => number): ChartPoint[] =>
    ranges.map((one) => ({ x: one.at, y: pick(one), label: `${axisText(axis, one.at)}, ${one.shapes} shapes` }));
  const [low, high] = range(ranges.flatMap(({ slowest, fastest }) => [slowest, fastest]));
  const [first, last] = range(ranges.map(({ at }) => at));
  const { layers, layerRepeat, width } = winner.spec;
  const own = { x: axis === "depth" ? layers * layerRepeat : width, y: winner.speed[speedKeys[phase]].value };
  return chart({
    id: `${axis}-${phase}`,
    title: `${phase === "decode" ? "Decode" : "Prefill"} by ${axis}`,
    description: `Speeds of all shapes by ${axis}, from ${formatRate(low)} to ${formatRate(high)} tokens per second.`,
    series: [
      { name: "fastest", color: 1, kind: "line", points: line(({ fastest }) => fastest) },
      { name: "median", color: 3, kind: "line", points: line(({ median }) => median) },
      { name: "slowest", color: 4, kind: "line", points: line(({ slowest }) => slowest) },
      { name: "winner", color: 2, kind: "dots", points: [{ ...own, marked: true, label: axisText(axis, own.x) }] },
    ],
    x: { name: axis === "depth" ? "executed layers" : "width", scale: sizeScale(first, last), format: String },
    y: { name: "predicted tok/s, equal size", scale: linearScale(low, high, 4), format: formatRate },
  });
}

function axisText(axis: "depth" | "width", at: number): string {
  return axis === "depth" ? `${at} layers` : `width ${at}`;
}

// Widths and depths that span more than a factor of four are easier to read on a logarithmic axis.
function sizeScale(first: number, last: number): Scale {
  return last / first > 4 ? logScale(first, last) : spanScale(first, last, 5);
}

/** Measured against predicted speed of what was verified; null where nothing was. */
export function verifiedChart({ verified }: Finding, phase: Phase): Html | null {
  const points = verified.flatMap(({ spec, [phase]: { tokensPerSecond, predicted } }): ChartPoint[] => {
    if (predicted === null) return [];
    const { value, low, high } = predicted;
    const error = value / tokensPerSecond - 1;
    const detail = [`measured ${formatRate(tokensPerSecond)}`, `${lossText(1 + error)} predicted`];
    return [{ x: tokensPerSecond, y: value, low, high, label: shapeText(spec), detail }];
  });
  if (points.length === 0) return null;
  const [low, high] = range(points.flatMap(({ x, y, low, high }) => [x, y, low!, high!]));
  const scale = linearScale(low * 0.98, high * 1.02, 4);
  return chart({
    id: `verified-${phase}`,
    title: phase === "decode" ? "Decode" : "Prefill",
    description: `${points.length} models: predicted speed over measured speed. On the dashed line both are the same.`,
    series: [{ name: "predicted", color: 1, kind: "dots", points }],
    x: { name: "measured tok/s", scale, format: formatRate },
    y: { name: "predicted tok/s, with its interval", scale, format: formatRate },
    scatter: true,
    diagonal: true,
  });
}

function range(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
