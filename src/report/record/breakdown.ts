// Where time and memory go, and whether the device keeps its speed.
import type { Cost, SustainedRun } from "../../cost/result.ts";
import { formatBytes, formatDuration, formatPercent, formatRate, significant } from "../../format.ts";
import { type ChartPoint, chart } from "../chart.ts";
import { type Html, html } from "../html.ts";
import { section } from "../page.ts";
import { linearScale, spanScale } from "../scale.ts";
import { stacks } from "../stacks.ts";
import { threadsText } from "./cost.ts";

/** Shares of operators and of memory; null where none were measured. */
export function breakdownSection(cost: Cost | null): Html | null {
  if (cost === null || cost.breakdown === null) return null;
  const { prefill, decode, memory } = cost.breakdown;
  const shares = (parts: typeof prefill) => parts.map(({ name, share }) => ({ name, value: share }));
  const time = [
    { label: "prefill", total: "", parts: shares(prefill) },
    { label: "decode", total: "", parts: shares(decode) },
  ].filter(({ parts }) => parts.length > 0);
  const held = {
    label: "held at most",
    total: formatBytes(memory.reduce((sum, { bytes }) => sum + bytes, 0)),
    parts: memory.map(({ name, bytes }) => ({ name, value: bytes })),
  };
  return section(
    "breakdown",
    "Where time and memory go",
    html`<p class="note">${breakdownOf(cost)}</p>
<div class="charts">${time.length > 0 && stacks({ title: "Time by operator", part: "operator", bars: time })}${
      memory.length > 0 && stacks({ title: "Memory by use", part: "use", bars: [held], format: formatBytes })
    }</div>`,
  );
}

function breakdownOf({ points, breakdown }: Cost): string {
  const [first] = points;
  if (first === undefined) return "";
  const whole = breakdown?.processBytes;
  const process = whole === undefined ? "" : ` The whole process held ${formatBytes(whole)} meanwhile.`;
  const prompt = Math.max(...points.map((point) => point.prompt));
  const threads = Math.max(...points.map((point) => point.threads));
  return `${first.weights} weights, ${threadsText(threads)}, a prompt of ${formatRate(prompt)} tokens and what is generated behind it.${process}`;
}

/** Speed and temperature over minutes; null where they were not watched. */
export function sustainedSection(run: SustainedRun | null): Html | null {
  if (run === null || run.points.length === 0) return null;
  const { weights, threads, context, seconds, points, kept } = run;
  const speeds = points.map(({ at, decodeTokensPerSecond }) => ({ x: at, y: decodeTokensPerSecond, label: clock(at) }));
  const warm = points.flatMap(({ at, celsius }): ChartPoint[] =>
    celsius === null ? [] : [{ x: at, y: celsius, label: clock(at), text: `${significant(celsius)} °C` }],
  );
  const x = { name: "minutes", scale: spanScale(0, seconds / 60, 6), format: (value: number) => significant(value) };
  const inMinutes = (list: readonly ChartPoint[]) => list.map((point) => ({ ...point, x: point.x / 60 }));
  const [low, high] = [Math.min(...speeds.map(({ y }) => y)), Math.max(...speeds.map(({ y }) => y))];
  const degrees = warm.map(({ y }) => y);
  return section(
    "sustained",
    "Over time",
    html`<p class="note">Decoding without a pause for ${formatDuration(seconds)}: ${weights} weights, ${threadsText(threads)}, behind ${formatRate(context)} tokens.
In the last fifth of the time the speed was ${formatPercent(kept)} of the best fifth’s${kept >= 0.95 && ": the device does not slow down"}.${warm.length === 0 && " The device tells no temperature."}</p>
<div class="charts">${chart({
      id: "sustained-speed",
      title: "Decode",
      description: `From ${formatRate(low)} to ${formatRate(high)} tokens per second; at the end ${formatRate(speeds.at(-1)!.y)}.`,
      series: [{ name: "speed", color: 1, kind: "line", points: inMinutes(speeds) }],
      x,
      y: { name: "tokens per second", scale: linearScale(0, high || 1, 4), format: formatRate },
      wide: warm.length === 0,
    })}${
      warm.length > 0 &&
      chart({
        id: "sustained-temperature",
        title: "Temperature",
        description: `From ${significant(Math.min(...degrees))} to ${significant(Math.max(...degrees))} °C.`,
        series: [{ name: "hottest sensor", color: 2, kind: "line", points: inMinutes(warm) }],
        x,
        y: {
          name: "°C of the hottest sensor",
          scale: linearScale(Math.min(...degrees), Math.max(...degrees), 4),
          format: String,
        },
      })
    }</div>`,
  );
}

function clock(seconds: number): string {
  return `after ${formatDuration(seconds)}`;
}
