// The charts of a run: loss, accuracy, and the architectures of the search.
import { formatCount, formatRate, significant } from "../format.ts";
import { type ChartPoint, chart, thin } from "./chart.ts";
import type { SearchEntry, SearchTable, TrainingCurve } from "./data.ts";
import type { Html } from "./html.ts";
import { linearScale, logScale, spanScale } from "./scale.ts";

// A phone's chart is about 300 px wide: more points than this cannot be told apart.
const mostPoints = 240;

/** Training and validation loss over steps, on a logarithmic axis; null when there is neither. */
export function lossChart({ loss, validations }: TrainingCurve): Html | null {
  const training = thin(positive(loss.map(({ step, loss }) => ({ x: step, y: loss }))), mostPoints);
  const held = positive(validations.map(({ step, loss }) => ({ x: step, y: loss ?? 0 })));
  const all = [...training, ...held];
  if (all.length === 0) return null;
  const [low, high] = range(all, "y");
  const last = (points: readonly ChartPoint[]) => (points.length === 0 ? "" : significant(points.at(-1)!.y));
  return chart({
    id: "loss",
    title: "Loss",
    description: `Training loss falls from ${significant(high)} to ${last(training)} nats; validation loss ends at ${last(held) || "–"}.`,
    series: [
      { name: "training", color: 1, kind: "line", points: training },
      { name: "validation", color: 2, kind: "line-dots", points: held },
    ],
    x: stepAxis(all),
    y: { name: "nats per token, logarithmic", scale: logScale(low, high), format: (value) => significant(value) },
  });
}

/** Accuracy and soft accuracy of the validation split over steps; null when none was measured. */
export function accuracyChart({ validations }: TrainingCurve): Html | null {
  const points = (key: "accuracy" | "softAccuracy"): ChartPoint[] =>
    validations.flatMap((entry) => (entry[key] === null ? [] : [{ x: entry.step, y: entry[key] * 100 }]));
  const [accuracy, soft] = [points("accuracy"), points("softAccuracy")];
  const all = [...accuracy, ...soft];
  if (all.length === 0) return null;
  const last = (list: readonly ChartPoint[]) => (list.length === 0 ? "–" : `${list.at(-1)!.y.toFixed(1)} %`);
  return chart({
    id: "accuracy",
    title: "Validation accuracy",
    description: `Accuracy reaches ${last(accuracy)}, soft accuracy ${last(soft)}.`,
    series: [
      { name: "accuracy", color: 1, kind: "line-dots", points: accuracy },
      { name: "soft accuracy", color: 2, kind: "line-dots", points: soft },
    ],
    x: stepAxis(all),
    y: { name: "% of queries", scale: linearScale(0, 100), format: (value) => significant(value) },
  });
}

/** Every measured architecture by speed and predicted loss; the chosen one is larger. */
export function searchChart({ rows }: SearchTable): Html | null {
  if (rows.length === 0) return null;
  const points = rows.map((row) => ({
    x: row.requestSeconds * 1000,
    y: (row.relativeLoss - 1) * 100,
    label: describeShape(row),
    marked: row.chosen,
  }));
  const chosen = rows.find((row) => row.chosen);
  return chart({
    id: "search",
    title: "Speed against predicted loss",
    description: `${rows.length} architectures${chosen ? `; chosen: ${describeShape(chosen)}` : ""}. Lower and further left is better.`,
    series: [{ name: "above the best", color: 1, kind: "dots", points }],
    x: { name: "ms per request", scale: linearScale(0, range(points, "x")[1]), format: (value) => formatRate(value) },
    y: {
      name: "predicted loss above the best",
      scale: linearScale(0, range(points, "y")[1] || 1, 4),
      format: (value) => `${significant(value, 2)} %`,
    },
    scatter: true,
  });
}

/** A shape in a few words: 6 × 192, 4 heads, 1.9 M. */
export function describeShape(row: SearchEntry): string {
  const repeat = row.layerRepeat > 1 ? ` × ${row.layerRepeat} runs` : "";
  return `${row.layers} layers${repeat} of ${row.width}, ${formatCount(row.parameters)}`;
}

function stepAxis(points: readonly ChartPoint[]) {
  return { name: "steps", scale: spanScale(0, range(points, "x")[1], 4), format: formatRate };
}

function range(points: readonly ChartPoint[], key: "x" | "y"): [number, number] {
  return points.reduce<[number, number]>(
    ([low, high], point) => [Math.min(low, point[key]), Math.max(high, point[key])],
    [Infinity, -Infinity],
  );
}

function positive(points: readonly ChartPoint[]): ChartPoint[] {
  return points.filter(({ y }) => y > 0 && Number.isFinite(y));
}
