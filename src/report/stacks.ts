// Bars split into named parts, as a part of a page: as wide as the page, with a table of the parts for a legend.
// A standalone picture of the same is ./stacked-bars.ts.
import { formatPercent } from "../format.ts";
import { colorAt } from "./chart.ts";
import { type Html, html } from "./html.ts";
import { table } from "./page.ts";
import type { StackedBar } from "./stacked-bars.ts";

/** What {@link stacks} draws. */
export interface Stacks {
  title: string;
  /** What the parts are: "operator". */
  part: string;
  bars: readonly StackedBar[];
  /** How a part's value is written beside its share; default: not at all. */
  format?: (value: number) => string;
}

/** A figure of bars, each part as its share of the bar's sum; a name has the same color in all of them. */
export function stacks({ title, part, bars, format }: Stacks): Html {
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))];
  const heads = [part, ...bars.map(({ label }) => label)].map((head) => html`<th scope="col">${head}</th>`);
  const rows = names.map((name) => {
    const cells = bars.map((bar) => {
      const found = bar.parts.find((one) => one.name === name);
      if (found === undefined) return html`<td>–</td>`;
      const share = shareText(found.value, bar);
      return html`<td>${format ? `${format(found.value)} · ${share}` : share}</td>`;
    });
    return html`<tr><th scope="row"><i class="key square ${colorOf(names, name)}"></i>${name}</th>${cells}</tr>`;
  });
  return html`<figure class="stacks"><figcaption><h3>${title}</h3></figcaption>
${bars.map((bar) => drawBar(bar, names))}
${table(title, heads, rows)}</figure>`;
}

function drawBar(bar: StackedBar, names: readonly string[]): Html {
  const whole = sumOf(bar);
  const parts = bar.parts.map((part) => {
    const share = whole > 0 ? part.value / whole : 0;
    const text = shareText(part.value, bar);
    return html`<i class="${colorOf(names, part.name)}" style="width:${(100 * share).toFixed(2)}%" title="${part.name}: ${text}">${share >= 0.12 && html`<span>${text}</span>`}</i>`;
  });
  return html`<p class="unit"><span>${bar.label}</span><span>${bar.total}</span></p><div class="stack" aria-hidden="true">${parts}</div>`;
}

function shareText(value: number, bar: StackedBar): string {
  const whole = sumOf(bar);
  const share = whole > 0 ? value / whole : 0;
  return formatPercent(share, share > 0 && share < 0.0995 ? 1 : 0);
}

function sumOf({ parts }: StackedBar): number {
  return parts.reduce((sum, { value }) => sum + value, 0);
}

function colorOf(names: readonly string[], name: string): string {
  return `c${colorAt(names.indexOf(name))}`;
}
