// Function calling: the metrics of each protocol that ran.
import { formatPercent, formatRate } from "../../format.ts";
import type { CallsRecord } from "../../results/record.ts";
import { type Html, html } from "../html.ts";
import { meter } from "../meter.ts";
import { section, table } from "../page.ts";

/** The table; null where no calls were asked for. */
export function callsSection(calls: readonly CallsRecord[]): Html | null {
  if (calls.length === 0) return null;
  const heads = [
    html`<th scope="col">protocol</th>`,
    html`<th scope="col" class="left">metric</th>`,
    html`<th scope="col" class="left">value</th>`,
  ];
  return section(
    "calls",
    "Function calls",
    html`<p class="note">Higher is better in all; ± and whisker: one standard error.</p>
${table("Function calls", heads, calls.flatMap(callRows))}`,
  );
}

/** softAccuracy as “soft accuracy”, rouge1 as “ROUGE-1”. */
export function callMetricName(name: string): string {
  const rouge = /^rouge(.+)$/i.exec(name);
  if (rouge) return `ROUGE-${rouge[1]!.toUpperCase()}`;
  return name.replace(/([a-z])([A-Z])/g, (_, before: string, letter: string) => `${before} ${letter.toLowerCase()}`);
}

function callRows({ protocol, data, shots, n, weights, metrics }: CallsRecord): Html[] {
  const entries = Object.entries(metrics);
  return entries.map(([name, { value, stderr }], i) => {
    const form = weights === undefined ? "" : `${weights} weights, `;
    const about = `${data}, ${form}${shots}-shot, ${formatRate(n)} queries`;
    const own =
      i === 0 &&
      html`<th scope="rowgroup" rowspan="${entries.length}">${protocol}<span class="sub">${about}</span></th>`;
    const bar = value !== null && value >= 0 && value <= 1 && meter(value, stderr);
    const error = stderr === null ? "" : `± ${(100 * stderr).toFixed(1)}`;
    return html`<tr>${own}<td class="left">${callMetricName(name)}</td><td class="left value">${bar}${value === null ? "–" : formatPercent(value)} <span class="stderr">${error}</span></td></tr>`;
  });
}
