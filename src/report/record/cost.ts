// What running the model costs: first-token time, speeds and memory against the prompt's length, a line per form of the
// weights and number of threads, and all that was measured as a table.
import type { Cost, CostPoint } from "../../cost/result.ts";
import { formatBytes, formatPercent, formatRate, formatTokens, significant } from "../../format.ts";
import { chart, colorAt, type Series } from "../chart.ts";
import { type Html, html } from "../html.ts";
import { section, table } from "../page.ts";
import { linearScale, logScale, type Scale, valueScale } from "../scale.ts";

/** Charts, table and energy; null where no costs were measured. */
export function costSection(cost: Cost | null): Html | null {
  if (cost === null) return null;
  const { points, energy } = cost;
  const repeats = [...new Set(points.map(({ decodeTokensPerSecond }) => decodeTokensPerSecond.repeats))];
  return section(
    "cost",
    "Speed and memory",
    html`<p class="note">Greedy decoding, one sequence, a prompt into an empty cache; medians of ${repeats.sort((a, b) => a - b).join(" to ")} repeats.</p>
${points.length > 0 && html`<div class="charts">${costCharts(points)}</div>${pointTable(points)}`}
<p class="note gap"><b>Energy.</b> ${energy.source === null ? "Not measured" : `From ${energy.source}`}${energy.note !== "" && `: ${energy.note}`}.</p>`,
  );
}

/** The output length that most points have: charts over prompts compare points of one output length. */
export function usualOutput(points: readonly CostPoint[]): number {
  const counts = Map.groupBy(points, ({ output }) => output);
  return [...counts].reduce((best, one) => (one[1].length > best[1].length ? one : best))[0];
}

function costCharts(points: readonly CostPoint[]): Html[] {
  const output = usualOutput(points);
  const same = points.filter((point) => point.output === output);
  const prompts = same.map(({ prompt }) => prompt);
  const large = Math.max(...same.map(({ memoryBytes }) => memoryBytes)) >= 1e9;
  const charts = [];
  if (new Set(prompts).size > 1) {
    const x = { name: "tokens of the prompt", scale: valueScale(prompts, true), format: formatTokens };
    const draw = (id: string, title: string, unit: string, of: (point: CostPoint) => number, scale = fromZero) => {
      const series = linesOf(same, (point) => point.prompt, of);
      const [low, high] = [Math.min(...same.map(of)), Math.max(...same.map(of))];
      const description = `${unit}, from ${formatRate(low)} to ${formatRate(high)}; ${series.length} ${series.length === 1 ? "line" : "lines"}.`;
      return chart({
        id,
        title,
        description,
        series,
        x,
        y: { name: unit, scale: scale(low, high), format: formatRate },
      });
    };
    charts.push(
      draw(
        "first-token",
        "Time to the first token",
        "ms, logarithmic",
        (point) => point.firstTokenMs.median,
        logarithmic,
      ),
      draw("prefill", "Prefill", "tokens per second", (point) => point.prefillTokensPerSecond.median),
      draw("decode", `Decode, ${output} tokens`, "tokens per second", (point) => point.decodeTokensPerSecond.median),
      draw("memory", "Memory", large ? "GB" : "MB", (point) => point.memoryBytes / (large ? 1e9 : 1e6)),
    );
  }
  const byOutput = outputChart(points);
  return byOutput === null ? charts : [...charts, byOutput];
}

// At the longest of the prompts that have most output lengths.
function outputChart(points: readonly CostPoint[]): Html | null {
  const outputsOf = (own: readonly CostPoint[]) => new Set(own.map(({ output }) => output)).size;
  const byPrompt = [...Map.groupBy(points, ({ prompt }) => prompt)].sort((a, b) => b[0] - a[0]);
  const [prompt, own] = byPrompt.reduce((best, one) => (outputsOf(one[1]) > outputsOf(best[1]) ? one : best));
  if (outputsOf(own) < 2) return null;
  const speed = (point: CostPoint) => point.decodeTokensPerSecond.median;
  const outputs = own.map(({ output }) => output);
  const high = Math.max(...own.map(speed));
  return chart({
    id: "decode-output",
    title: `Decode behind ${formatTokens(prompt)} tokens`,
    description: `Tokens per second by number of generated tokens, up to ${formatRate(high)}.`,
    series: linesOf(own, (point) => point.output, speed),
    x: { name: "generated tokens", scale: valueScale(outputs, true), format: formatTokens },
    y: { name: "tokens per second", scale: fromZero(0, high), format: formatRate },
  });
}

// A logarithm has no place for 0.
function logarithmic(low: number, high: number): Scale {
  return low > 0 ? logScale(low, high) : fromZero(low, high);
}

function fromZero(_low: number, high: number): Scale {
  return linearScale(0, high || 1, 4);
}

/** A line per form of the weights and the cache and number of threads; most threads are drawn whole, fewer broken. */
function linesOf(points: readonly CostPoint[], x: (point: CostPoint) => number, y: (point: CostPoint) => number) {
  const caches = new Set(points.map(({ kv }) => kv)).size > 1;
  const formOf = ({ weights, kv }: CostPoint) => (caches ? `${weights}, ${kv} cache` : weights);
  const forms = [...new Set(points.map(formOf))];
  const threads = [...new Set(points.map((point) => point.threads))].sort((a, b) => b - a);
  return forms.flatMap((form, i) =>
    threads.flatMap((count, j): Series[] => {
      const own = points.filter((point) => formOf(point) === form && point.threads === count);
      if (own.length === 0) return [];
      const drawn = own.map((point) => ({ x: x(point), y: y(point) })).sort((a, b) => a.x - b.x);
      const several = forms.length > 1;
      return [
        {
          name: `${form}, ${threadsText(count)}`,
          color: colorAt(several ? i : j),
          dash: several ? ((j % 4) as 0 | 1 | 2 | 3) : 0,
          kind: "line-dots",
          points: drawn,
        },
      ];
    }),
  );
}

/** 1 thread, 2 threads. */
export function threadsText(threads: number): string {
  return `${threads} ${threads === 1 ? "thread" : "threads"}`;
}

function pointTable(points: readonly CostPoint[]): Html {
  const energy = points.some((one) => one.prefillJoulesPerToken !== null || one.decodeJoulesPerToken !== null);
  const heads = [
    "weights",
    "cache",
    "threads",
    "prompt",
    "output",
    "first token, ms",
    "prefill, tok/s",
    "decode, tok/s",
    "memory",
    ...(energy ? ["prefill, J/token", "decode, J/token"] : []),
  ];
  const rows = points.map((point) => {
    const joules = [point.prefillJoulesPerToken, point.decodeJoulesPerToken];
    const cells = [
      point.kv,
      point.threads,
      point.prompt,
      point.output,
      repeated(point.firstTokenMs),
      repeated(point.prefillTokensPerSecond),
      repeated(point.decodeTokensPerSecond),
      formatBytes(point.memoryBytes),
      ...(energy ? joules.map((value) => (value === null ? "–" : significant(value))) : []),
    ];
    return html`<tr><th scope="row">${point.weights}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
  });
  return html`<details${points.length <= 12 && " open"}><summary>All ${points.length === 1 ? "that was measured" : `${points.length} measurements`}</summary>
<p class="note">Small: (largest − smallest) ÷ median of the repeats.</p>
${table(
  "All measurements of speed and memory",
  heads.map((head) => html`<th scope="col">${head}</th>`),
  rows,
)}</details>`;
}

function repeated({ median, spread, repeats }: CostPoint["firstTokenMs"]): Html {
  return html`<span title="${repeats} repeats">${formatRate(median)} <small class="soft">${formatPercent(spread, 0)}</small></span>`;
}
