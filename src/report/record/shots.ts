// In-context learning: how metrics change with the number of worked examples, a chart per task (figure 2 of the survey).
import type { TaskResult } from "../../eval/result.ts";
import { type ChartPoint, chart, colorAt, type Series } from "../chart.ts";
import { type Html, html } from "../html.ts";
import { section, table } from "../page.ts";
import { linearScale, valueScale } from "../scale.ts";
import { isShare, metricText, stderrText } from "./metric.ts";
import { topLevel } from "./tasks.ts";

/** The charts; null where no task ran with several numbers of shots. */
export function shotsSection(tasks: readonly TaskResult[]): Html | null {
  const done = topLevel(tasks).filter(({ metrics }) => Object.values(metrics).some(({ value }) => value !== null));
  const curves = [...Map.groupBy(done, ({ name }) => name).values()]
    .map((runs) => runs.toSorted((a, b) => a.shots - b.shots))
    .filter((runs) => new Set(runs.map(({ shots }) => shots)).size > 1);
  if (curves.length === 0) return null;
  return section(
    "shots",
    "With worked examples",
    html`<p class="note">What examples before each question (“shots”) change. Bands: one standard error to each side.</p>
<div class="charts thirds">${curves.flatMap((runs, i) => taskCharts(runs, `shots-${i}`))}</div>
${shotsTable(curves)}`,
  );
}

// Shares of 1 stand in one chart, every other metric in its own.
function taskCharts(runs: readonly TaskResult[], id: string): Html[] {
  const names = Object.keys(runs[0]!.metrics);
  const shares = names.filter((name) => runs.every(({ metrics }) => metrics[name] && isShare(name, metrics[name])));
  const others = names.filter((name) => !shares.includes(name));
  return [shares, ...others.map((name) => [name])].flatMap((own, i) => {
    const drawn = own.map((name) => seriesOf(runs, name, shares.includes(name) ? 100 : 1)).filter(some);
    if (drawn.length === 0) return [];
    const colored = drawn.map((one, at): Series => ({ ...one, color: colorAt(at) }));
    return [shotsChart(`${id}-${i}`, runs, colored, own === shares ? "%" : own[0]!)];
  });
}

function seriesOf(runs: readonly TaskResult[], name: string, scale: number): Omit<Series, "color"> {
  const points = runs.flatMap(({ shots, metrics }): ChartPoint[] => {
    const metric = metrics[name];
    if (!metric || metric.value === null) return [];
    const text = `${metricText(name, metric)} ${stderrText(name, metric)}`.trim();
    const [y, error] = [scale * metric.value, scale * (metric.stderr ?? 0)];
    return [{ x: shots, y, low: y - error, high: y + error, text, label: shotsText(shots) }];
  });
  return { name, kind: "line-dots", points, band: true };
}

function some({ points }: Omit<Series, "color">): boolean {
  return points.length > 1;
}

function shotsChart(id: string, runs: readonly TaskResult[], series: readonly Series[], unit: string): Html {
  const points = series.flatMap(({ points }) => points);
  const low = Math.min(...points.map(({ low, y }) => low ?? y));
  const high = Math.max(...points.map(({ high, y }) => high ?? y));
  const ends = series.map(({ name, points }) => `${name} from ${points[0]!.text} to ${points.at(-1)!.text}`);
  const shots = points.map(({ x }) => x);
  return chart({
    id,
    title: runs[0]!.name,
    description: `From ${Math.min(...shots)} to ${Math.max(...shots)} shots: ${ends.join("; ")}.`,
    series,
    x: { name: "shots", scale: valueScale(shots), format: String },
    y: {
      name: series.length === 1 && unit === "%" ? `${series[0]!.name}, %` : unit,
      scale: linearScale(unit === "%" ? Math.max(0, low) : low, unit === "%" ? Math.min(100, high) : high, 4),
      format: (value) => String(value),
    },
  });
}

function shotsTable(curves: readonly TaskResult[][]): Html {
  const shots = [...new Set(curves.flatMap((runs) => runs.map(({ shots }) => shots)))].sort((a, b) => a - b);
  const heads = [
    html`<th scope="col">task</th>`,
    html`<th scope="col" class="left">metric</th>`,
    ...shots.map((count) => html`<th scope="col">${shotsText(count)}</th>`),
  ];
  const rows = curves.flatMap((runs) =>
    Object.keys(runs[0]!.metrics).map((name) => {
      const cells = shots.map((count) => {
        const metric = runs.find((run) => run.shots === count)?.metrics[name];
        return html`<td>${metric ? metricText(name, metric) : "–"} <span class="soft">${metric ? stderrText(name, metric) : ""}</span></td>`;
      });
      return html`<tr><th scope="row">${runs[0]!.name}</th><td class="left">${name}</td>${cells}</tr>`;
    }),
  );
  return table("Metrics by number of shots", heads, rows);
}

function shotsText(shots: number): string {
  return `${shots} ${shots === 1 ? "shot" : "shots"}`;
}
