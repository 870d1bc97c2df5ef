// The report of an architecture search: one self-contained page. SVG is drawn by ../chart.ts as for a run's report: one
// style, no library in the page, and tooltips that work without a network.
import { formatBytes, formatCount, formatRate, significant } from "../../format.ts";
import type { Candidate, Estimate, Finding, KnownCandidate } from "../../search/index.ts";
import type { Spec } from "../../spec/spec.ts";
import { type Html, type HtmlValue, html } from "../html.ts";
import { renderPage, section, table } from "../page.ts";
import { lossText, paretoChart, shapeText, sizeChart, verifiedChart } from "./charts.ts";
import { proxySection } from "./proxy.ts";
import { referenceSection } from "./references.ts";

/**
 * Renders the page.
 *
 * @example
 * ```ts
 * await writeFileAtomic("search.html", renderSearchReport(finding));
 * ```
 */
export function renderSearchReport(finding: Finding): string {
  return renderPage({
    title: `${shapeText(finding.winner.spec)} · Handheld search`,
    date: finding.date,
    header: header(finding),
    sections: [
      whySection(finding),
      paretoSection(finding),
      sizeSection(finding),
      verifiedSection(finding),
      proxySection(finding.proxy),
      topSection(finding),
      knownSection(finding),
      referenceSection(finding),
      settingsSection(finding),
    ],
  });
}

function header(finding: Finding): Html {
  const { winner, device, evaluated, space } = finding;
  const how = finding.method === "exhaustive" ? "all" : "evolution over";
  return html`<header>
<h1>${shapeText(winner.spec)}</h1>
<p class="lead">The architecture to train for ${device.name}: the best of ${how} ${formatRate(evaluated)} shapes of the space
“${space.name}” with ${formatCount(finding.budget.min)} to ${formatCount(finding.budget.max)} parameters.</p>
${!device.steady && html`<p class="lead wrong">${busy}</p>`}
<ul class="tiles">${tiles(finding).map(([label, value, note]) => html`<li><span>${label}</span><b>${value}</b><span>${note}</span></li>`)}</ul>
</header>`;
}

const busy = "The machine did not stay the same while it was calibrated: all speeds are rough.";

function calibrationText({ steady, deviation }: Finding["device"]): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const off = `whole models that it left out in turn were off by ${percent(deviation.decode)} in decode and ${percent(deviation.prefill)} in prefill (one standard deviation)`;
  return `${steady ? "steady" : "not steady"}; ${off}`;
}

function tiles(finding: Finding): [label: string, value: Html, note: string][] {
  const { winner, reference, objective } = finding;
  const { decodeTokensPerSecond, prefillTokensPerSecond, ttftMs } = winner.speed;
  const speed = (one: Estimate) => html`${formatRate(one.value)} <small>tok/s</small>`;
  return [
    ["Decode", speed(decodeTokensPerSecond), `${interval(decodeTokensPerSecond)}, behind ${objective.context}`],
    ["Prefill", speed(prefillTokensPerSecond), `${interval(prefillTokensPerSecond)}, prompt of ${objective.prompt}`],
    ["First token", html`${significant(ttftMs.value)} <small>ms</small>`, `after a prompt of ${objective.prompt}`],
    [
      "Predicted loss",
      html`${lossText(winner.relativeLoss.value)}`,
      `${lossText(winner.relativeLoss.low)} to ${lossText(winner.relativeLoss.high)} against ${reference.name}`,
    ],
    ["Parameters", html`${formatCount(winner.parameters)}`, "stored ones"],
    ["Memory", html`${formatBytes(winner.memoryBytes)}`, "int4 weights, cache and buffers"],
  ];
}

function interval({ low, high }: Estimate): string {
  return `${formatRate(low)} to ${formatRate(high)}`;
}

function whySection({ why, winner }: Finding): Html {
  return section(
    "why",
    "Why this one",
    html`<ul class="reasons">${why.map((line) => html`<li>${line}</li>`)}</ul>
<details><summary>Its spec</summary><pre tabindex="0"><code>${JSON.stringify(winner.spec, null, 2)}</code></pre></details>`,
  );
}

function paretoSection(finding: Finding): Html {
  return section(
    "pareto",
    "Quality against speed",
    html`<p class="note">On the line are the shapes of the space that no other beats in both. Quality is predicted from the shape
alone, as if all were trained alike; a known model's point says nothing of its own training. The less is known of a shape, the
higher its point stands.</p>
<div class="charts">${paretoChart(finding, "decode")}${paretoChart(finding, "prefill")}</div>`,
  );
}

function sizeSection(finding: Finding): Html | null {
  const axes = (["depth", "width"] as const).filter((axis) => finding.bySize[axis].decode.length > 1);
  if (axes.length === 0) return null;
  return section(
    "size",
    "Speed by depth and width, at equal size",
    html`<div class="charts">${axes.flatMap((axis) => [sizeChart(finding, axis, "decode"), sizeChart(finding, axis, "prefill")])}</div>`,
  );
}

function verifiedSection(finding: Finding): Html | null {
  const { verified } = finding;
  if (verified.length === 0) return null;
  const heads = [
    "shape",
    "decode predicted",
    "measured",
    "off by",
    "spread",
    "prefill predicted",
    "measured",
    "off by",
    "spread",
  ];
  const rows = verified.map(({ spec, decode, prefill }) => {
    const cells = [decode, prefill].flatMap(({ tokensPerSecond, spread, predicted }) => [
      predicted === null ? "–" : formatRate(predicted.value),
      formatRate(tokensPerSecond),
      predicted === null ? "–" : lossText(predicted.value / tokensPerSecond),
      `${(100 * spread).toFixed(0)} %`,
    ]);
    return row(nameOf(spec, finding), cells, isWinner(spec, finding));
  });
  return section(
    "verified",
    "Predicted and measured",
    html`<p class="note">Built with random weights and measured whole, by turns; tokens per second, median of ${verified[0]!.decode.rounds.length} rounds.</p>
<div class="charts">${verifiedChart(finding, "decode")}${verifiedChart(finding, "prefill")}</div>
${table("Predicted and measured speeds", headCells(heads), rows)}`,
  );
}

function nameOf(spec: Spec, { known }: Finding): string {
  const text = JSON.stringify(spec);
  return known.find((one) => JSON.stringify(one.spec) === text)?.name ?? shapeText(spec);
}

function isWinner(spec: Spec, { winner }: Finding): boolean {
  return JSON.stringify(spec) === JSON.stringify(winner.spec);
}

const candidateHeads = ["shape", "parameters", "decode tok/s", "prefill tok/s", "memory", "predicted loss"];

function topSection(finding: Finding): Html {
  const heads = [...candidateHeads, finding.objective.unit];
  const rows = finding.top.map((one) =>
    row(shapeText(one.spec), [...candidateCells(one), significant(one.cost)], isWinner(one.spec, finding)),
  );
  return section(
    "top",
    "The best shapes",
    html`<p class="note">One per depth and width, by ${finding.objective.description}.</p>
${table("The best shapes", headCells(heads), rows)}`,
  );
}

function knownSection({ known }: Finding): Html | null {
  if (known.length === 0) return null;
  const rows = known
    .toSorted((a, b) => a.cost - b.cost)
    .map((one: KnownCandidate) => row(one.name, [shapeText(one.spec), ...candidateCells(one)], false, 1));
  const [, ...rest] = candidateHeads;
  return section(
    "known",
    "Known architectures of about this size",
    html`<p class="note">Predicted by the same models, with int4 weights on the same device.</p>
${table("Known architectures", headCells(["model", "shape", ...rest], 2), rows)}`,
  );
}

function candidateCells({ parameters, speed, memoryBytes, relativeLoss }: Candidate): string[] {
  return [
    formatCount(parameters),
    formatRate(speed.decodeTokensPerSecond.value),
    formatRate(speed.prefillTokensPerSecond.value),
    formatBytes(memoryBytes),
    `${lossText(relativeLoss.value)} (${lossText(relativeLoss.low)} to ${lossText(relativeLoss.high)})`,
  ];
}

function headCells(heads: readonly string[], left = 1): Html[] {
  return heads.map((head, i) => html`<th scope="col"${i < left && html` class="left"`}>${head}</th>`);
}

function row(name: string, cells: readonly HtmlValue[], chosen: boolean, left = 0): Html {
  return html`<tr class="${chosen && "chosen"}"><th scope="row" class="shape">${name}${chosen && html` <span class="tag">winner</span>`}</th>${cells.map((cell, i) => html`<td${i < left && html` class="left"`}>${cell}</td>`)}</tr>`;
}

function settingsSection(finding: Finding): Html {
  const { device, space, objective, budget, seed, method, evaluated, admissible } = finding;
  const facts: [string, string][] = [
    ["device", device.name],
    ["engine", `${device.engine}, ${device.threads} ${device.threads === 1 ? "thread" : "threads"}`],
    ["calibrated", device.date.slice(0, 16).replace("T", " ")],
    ["calibration", calibrationText(device)],
    ...(device.profile === null ? [] : [["profile", device.profile] satisfies [string, string]]),
    ["space", `${space.name}${space.note && ` (${space.note})`}: ${space.description}`],
    [
      "shapes",
      `${formatRate(space.size)} within ${formatRate(budget.min / 1e6)} to ${formatRate(budget.max / 1e6)} M parameters`,
    ],
    ["search", `${method}, ${formatRate(evaluated)} judged, ${formatRate(admissible)} good enough, seed ${seed}`],
    ["objective", `${objective.name}: ${objective.description}`],
    ["rule", finding.rule],
  ];
  return section(
    "settings",
    "Search",
    html`<dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`,
  );
}
