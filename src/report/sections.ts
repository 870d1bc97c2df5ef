// The parts of the page, top to bottom. Each takes its piece of ReportData and gives markup, or null when there is nothing.
import { formatBytes, formatCount, formatDuration, formatPercent, formatRate } from "../format.ts";
import { accuracyChart, lossChart, searchChart } from "./curves.ts";
import type {
  DeviceFacts,
  ExampleQuery,
  FunctionScore,
  Headline,
  ReportData,
  SearchTable,
  TrainingCurve,
} from "./data.ts";
import { type Html, type HtmlValue, html } from "./html.ts";
import { meter } from "./meter.ts";
import { section, table } from "./page.ts";

/** Name, one sentence, and the tiles with the numbers that matter. */
export function headerSection({ name, headline, data }: ReportData): Html {
  const { int4Bytes, accuracy, testSamples } = headline;
  return html`<header>
<h1>${name}</h1>
<p class="lead">A model of ${formatBytes(int4Bytes)} that turns what people say into calls of ${data.functions} functions.
Of ${formatRate(testSamples)} queries it had never seen, ${formatPercent(accuracy)} came out entirely right.</p>
<ul class="tiles">${tiles(headline).map(([label, value, note]) => html`<li><span>${label}</span><b>${value}</b><span>${note}</span></li>`)}</ul>
</header>`;
}

function tiles(h: Headline): [label: string, value: Html | string, note: string][] {
  return [
    [
      "Accuracy, int4",
      formatPercent(h.accuracy),
      `float ${formatPercent(h.floatAccuracy)}, ${difference(h.accuracy, h.floatAccuracy)}`,
    ],
    [
      "Soft accuracy, int4",
      formatPercent(h.softAccuracy),
      `float ${formatPercent(h.floatSoftAccuracy)}, ${difference(h.softAccuracy, h.floatSoftAccuracy)}`,
    ],
    [
      "Size, int4",
      formatBytes(h.int4Bytes),
      `float ${formatBytes(h.floatBytes)}, ${formatCount(h.parameters)} parameters`,
    ],
    ["Decode", html`${formatRate(h.decodeTokensPerSecond)} <small>tok/s</small>`, "one token after the other"],
    ["Prefill", html`${formatRate(h.prefillTokensPerSecond)} <small>tok/s</small>`, "reading the query"],
    ["Made in", formatDuration(h.seconds), "on the device below"],
  ];
}

function difference(now: number, before: number): string {
  const points = (now - before) * 100;
  if (Math.abs(points) < 0.05) return "no loss";
  return `${points > 0 ? "+" : "−"}${Math.abs(points).toFixed(1)} points`;
}

/** What to type and what comes out. */
export function examplesSection(examples: readonly ExampleQuery[]): Html | null {
  if (examples.length === 0) return null;
  return section("examples", "From words to calls", html`<ul class="queries">${examples.map(exampleItem)}</ul>`);
}

function exampleItem({ query, calls, expected, correct, commands }: ExampleQuery): Html {
  const verdict =
    correct === null
      ? null
      : correct
        ? html`<span class="right">✓ right</span>`
        : html`<span class="wrong">✗ wrong</span>`;
  return html`<li>
<blockquote>“${query}”</blockquote>
<p class="label">calls ${verdict}</p><pre><code>${calls ?? "(no call)"}</code></pre>
${correct === false && expected !== null && html`<p class="label">right answer</p><pre><code>${expected}</code></pre>`}
${commands.length > 0 && html`<p class="label">Android</p>`}
${commands.map(({ command, reason }) =>
  command === null
    ? html`<p class="soft">${reason ?? "cannot be expressed as a command"}</p>`
    : html`<pre><code>${words(command)}</code></pre>`,
)}
</li>`;
}

// Words stay whole where a line has room for them: a browser would break `--ei` behind its hyphens.
function words(command: string): HtmlValue[] {
  return command.split(" ").map((word, i) => [i > 0 && " ", html`<span>${word}</span>`]);
}

/** Loss and accuracy over the run. */
export function trainingSection(training: TrainingCurve): Html | null {
  const charts = [lossChart(training), accuracyChart(training)].filter((one) => one !== null);
  if (charts.length === 0) return null;
  const { seconds, tokensPerSecond, gflops } = training;
  return section(
    "training",
    "Training",
    html`<p class="soft">${formatDuration(seconds)}, ${formatRate(tokensPerSecond)} tokens/s, ${formatRate(gflops)} GFLOP/s over the whole step.</p>
<div class="charts">${charts}</div>`,
  );
}

/** Accuracy per function, and what was called instead. */
export function functionsSection(functions: readonly FunctionScore[]): Html | null {
  if (functions.length === 0) return null;
  const rows = functions
    .toSorted((a, b) => a.accuracy - b.accuracy || a.name.localeCompare(b.name))
    .map(
      ({ name, samples, accuracy, confusedWith }) => html`<tr><th scope="row"><code>${name}</code></th>
<td class="left">${meter(accuracy)}${formatPercent(accuracy)}</td>
<td>${samples}</td><td class="left">${confusedWith.length === 0 ? "–" : confusedWith.map(({ name, count }, i) => html`${i > 0 && ", "}<code>${name}</code> ${count}×`)}</td></tr>`,
    );
  return section(
    "functions",
    "Accuracy by function",
    html`<p class="note">Share of test queries, per function of the right answer, whose calls and arguments are all right; the hardest first.</p>
${table("Accuracy by function", html`<th scope="col">function</th><th scope="col" class="left">accuracy</th><th scope="col">samples</th><th scope="col" class="left">called instead</th>`, rows)}`,
  );
}

/** The architectures that were measured, the rule, and which one won. */
export function searchSection(search: SearchTable | null): Html | null {
  if (search === null) return null;
  const heads = [
    "layers",
    "width",
    "FFN",
    "heads",
    "parameters",
    "predicted loss",
    "decode tok/s",
    "prefill tok/s",
    "ms/request",
  ];
  const rows = search.rows.map((row) => {
    const cells = [
      row.width,
      `${row.ffnWidth} ${row.activation}`,
      row.heads === row.kvHeads ? row.heads : `${row.heads} / ${row.kvHeads}`,
      formatCount(row.parameters),
      `+${((row.relativeLoss - 1) * 100).toFixed(1)} %`,
      formatRate(row.decodeTokensPerSecond),
      formatRate(row.prefillTokensPerSecond),
      (row.requestSeconds * 1000).toFixed(row.requestSeconds < 0.1 ? 1 : 0),
    ];
    const kind = row.chosen ? "chosen" : "";
    const layers = `${row.layers}${row.layerRepeat > 1 ? ` × ${row.layerRepeat}` : ""}`;
    return html`<tr class="${kind}"><th scope="row">${layers}${row.chosen && html` <span class="tag">chosen</span>`}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
  });
  return section(
    "search",
    "Architecture",
    html`<div class="charts"><div>
<p class="note">${search.rule}</p>
<p class="note">Space: ${search.space}. ${formatRate(search.size)} architectures, ${search.rows.length} of them measured.
The large dot is the chosen one.</p>
</div>${searchChart(search)}</div>
${table(
  "Measured architectures, fastest first",
  heads.map((head) => html`<th scope="col">${head}</th>`),
  rows,
)}`,
  );
}

/** What the run was made on. */
export function deviceSection(device: DeviceFacts | null): Html | null {
  if (device === null) return null;
  const facts: [string, string][] = [
    ["processor", `${device.cpuModel ?? "unknown"} (${device.platform}/${device.arch}), ${device.cores} cores`],
    ["memory", device.memoryBytes === null ? "unknown" : formatBytes(device.memoryBytes)],
    ["engine", `${device.runtime.name} ${device.runtime.version}`],
    ["SIMD", device.simd],
    ["threads usable", String(device.threads)],
  ];
  const heads = ["threads", "read GB/s", "int4 × vector GB/s", "int4 × vector GMAC/s", "int4 × 64 vectors GMAC/s"];
  const rows = device.speeds.map((speed) => {
    const cells = [speed.readGBps, speed.matvecGBps, speed.matvecGmacps, speed.matmulGmacps];
    return html`<tr><th scope="row">${speed.threads}</th>${cells.map((cell) => html`<td>${formatRate(cell)}</td>`)}</tr>`;
  });
  return section(
    "device",
    "Device",
    html`<dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
${table(
  "Measured speeds by number of threads",
  heads.map((head) => html`<th scope="col">${head}</th>`),
  rows,
)}`,
  );
}

/** Data and settings, to repeat the run. */
export function runSection({ data, config }: ReportData): Html {
  const facts: [string, string][] = [
    ["data", data.source],
    [
      "samples",
      `${formatRate(data.train)} train, ${formatRate(data.validation)} validation, ${formatRate(data.test)} test`,
    ],
  ];
  const flat = Object.entries(config).filter(([, value]) => typeof value !== "object" || value === null);
  const nested = Object.entries(config).filter(([, value]) => typeof value === "object" && value !== null);
  return section(
    "run",
    "Data and settings",
    html`<dl>${[...facts, ...flat].map(([name, value]) => html`<dt>${name}</dt><dd>${String(value)}</dd>`)}</dl>
${nested.map(([name, value]) => html`<details><summary>${name}</summary><pre tabindex="0"><code>${JSON.stringify(value, null, 2)}</code></pre></details>`)}`,
  );
}
