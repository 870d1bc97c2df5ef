// The table of tasks: a line per metric, a bar for what is a share; the parts of groups by themselves; what could not run.
import type { Metric, TaskResult } from "../../eval/result.ts";
import { formatRate } from "../../format.ts";
import { type Html, html } from "../html.ts";
import { meter } from "../meter.ts";
import { section, table } from "../page.ts";
import { isShare, metricText, stderrText } from "./metric.ts";

/** Results that no group of the same evaluation has among its parts. */
export function topLevel(tasks: readonly TaskResult[]): TaskResult[] {
  const parts = new Set(tasks.flatMap((task) => task.parts ?? []));
  return tasks.filter(({ name }) => !parts.has(name));
}

/** The table; null where no tasks ran. */
export function tasksSection(tasks: readonly TaskResult[], limit: number | null): Html | null {
  if (tasks.length === 0) return null;
  const done = tasks.filter(({ error }) => error === undefined);
  const failed = tasks.flatMap(({ name, shots, error }) => (error === undefined ? [] : [{ name, shots, ...error }]));
  const groups = done.filter(({ parts }) => parts !== undefined && parts.length > 0);
  const some = limit === null ? "" : ` Of each task the first ${formatRate(limit)} questions at most.`;
  return section(
    "tasks",
    "Tasks",
    html`${
      done.length > 0 &&
      html`<p class="note">Asked and scored as lm-evaluation-harness does. ↑ higher is better, ↓ lower is better; ± and whisker: one standard error.${some}</p>
${taskTable("Tasks", topLevel(done))}`
    }
${groups.map(
  (
    group,
  ) => html`<details><summary>The ${group.parts!.length} parts of ${group.name}${group.shots > 0 && `, ${group.shots}-shot`}</summary>
${taskTable(`Parts of ${group.name}`, partsOf(group, done))}</details>`,
)}
${failed.length > 0 && html`<h3 class="gap">Could not be run</h3><ul class="reasons">${failed.map(({ name, shots, code, message }) => html`<li><code>${name}</code>${shots > 0 && `, ${shots}-shot`}: <span class="wrong">${message}</span> <span class="soft">(${code})</span></li>`)}</ul>`}`,
  );
}

// A group at some shots has its parts at the same, or, where each has its own number, at any.
function partsOf({ parts, shots }: TaskResult, all: readonly TaskResult[]): TaskResult[] {
  const named = all.filter(({ name }) => parts!.includes(name));
  const same = named.filter((part) => part.shots === shots);
  return same.length > 0 ? same : named;
}

function taskTable(name: string, tasks: readonly TaskResult[]): Html {
  const cut = tasks.some(({ truncated }) => truncated > 0);
  const heads = [
    html`<th scope="col">task</th>`,
    html`<th scope="col" class="left">metric</th>`,
    html`<th scope="col" class="left">value</th>`,
    html`<th scope="col">questions</th>`,
    html`<th scope="col">version</th>`,
    ...(cut ? [html`<th scope="col" title="Requests whose beginning was cut off to fit in the context">cut</th>`] : []),
  ];
  return table(
    name,
    heads,
    tasks.flatMap((task) => taskRows(task, cut)),
  );
}

function taskRows(task: TaskResult, cut: boolean): Html[] {
  const metrics = Object.entries(task.metrics);
  return metrics.map(([key, metric], i) => {
    const first = i === 0;
    const own = (value: string | number) => first && html`<td rowspan="${metrics.length}">${value}</td>`;
    return html`<tr>${first && html`<th scope="rowgroup" rowspan="${metrics.length}">${task.name}<span class="sub">${task.shots}-shot</span></th>`}
${metricCells(key, metric)}${own(formatRate(task.n))}${own(task.version)}${cut && own(formatRate(task.truncated))}</tr>`;
  });
}

function metricCells(key: string, metric: Metric): Html {
  const [name, ...filters] = key.split(",") as [string, ...string[]];
  const direction = metric.higherIsBetter ? "higher" : "lower";
  return html`<td class="left">${name} <span title="${direction} is better"><span aria-hidden="true">${metric.higherIsBetter ? "↑" : "↓"}</span><span class="hidden">${direction} is better</span></span>${filters.length > 0 && html`<span class="sub">${filters.join(", ")}</span>`}</td>
<td class="left value">${isShare(name, metric) && meter(metric.value, metric.stderr)}${metricText(name, metric)} <span class="stderr">${stderrText(name, metric)}</span></td>`;
}
