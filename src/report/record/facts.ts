// The top and the end of the page: model, device, the numbers that matter, all settings, notes.
import { formatBytes, formatCount, formatPercent, formatRate, significant } from "../../format.ts";
import type { ResultRecord } from "../../results/record.ts";
import { createSpec, type Spec, type SpecInput } from "../../spec/spec.ts";
import { type Html, html } from "../html.ts";
import { section } from "../page.ts";
import { shapeText } from "../search/charts.ts";
import { callMetricName } from "./calls.ts";
import { threadsText, usualOutput } from "./cost.ts";
import { needleMean } from "./needle.ts";
import { topLevel } from "./tasks.ts";

type Tile = [label: string, value: Html | string, note: string];

/** The model's name in the catalogue, else as it was given. */
export function titleOf({ model }: ResultRecord): string {
  return model.catalogue ?? model.name;
}

/** Name, one sentence, and the tiles. */
export function headerOf(record: ResultRecord): Html {
  const { model, device, suite, createdAt } = record;
  const what = suite === null ? "" : ` on the suite “${suite}”`;
  const size: Tile = [
    "Parameters",
    formatCount(model.parameters),
    model.released === null ? "" : `released ${model.released}`,
  ];
  const tiles = [size, ...taskTiles(record), ...needleTiles(record), ...callTiles(record), ...costTiles(record)];
  return html`<header>
<h1>${titleOf(record)}</h1>
<p class="lead">Evaluated${formOf(record)}${what} on ${deviceTitle(device)}, <time datetime="${createdAt}">${createdAt.slice(0, 10)}</time>.</p>
<ul class="tiles">${tiles.map(([label, value, note]) => html`<li><span>${label}</span><b>${value}</b><span>${note}</span></li>`)}</ul>
</header>`;
}

function formOf({ config }: ResultRecord): string {
  return config === null ? "" : ` with ${config.weights} weights`;
}

// The mean of what most tasks have; a task with several numbers of shots counts with the fewest.
function taskTiles({ tasks }: ResultRecord): Tile[] {
  const scored = topLevel(tasks).filter(({ metrics }) => typeof metrics.acc?.value === "number");
  const fewest = [...Map.groupBy(scored, ({ name }) => name).values()].map((runs) =>
    runs.reduce((best, run) => (run.shots < best.shots ? run : best)),
  );
  if (fewest.length === 0) return [];
  const mean = fewest.reduce((sum, { metrics }) => sum + metrics.acc!.value!, 0) / fewest.length;
  const shots = new Set(fewest.map((task) => task.shots));
  const note = fewest.length === 1 ? fewest[0]!.name : `mean of ${fewest.length} tasks`;
  return [["Accuracy", formatPercent(mean), shots.size === 1 ? `${note}, ${[...shots][0]}-shot` : note]];
}

function needleTiles({ needle }: ResultRecord): Tile[] {
  if (needle === null || needle.length === 0) return [];
  const longest = Math.max(...needle.map(({ length }) => length));
  return [["Facts in long texts", formatPercent(needleMean(needle)), `found, up to ${formatRate(longest)} tokens`]];
}

function callTiles({ calls }: ResultRecord): Tile[] {
  const [first] = calls;
  const [name, metric] = Object.entries(first?.metrics ?? {}).find(([, { value }]) => value !== null) ?? [];
  if (first === undefined || name === undefined || metric === undefined) return [];
  return [["Function calls", formatPercent(metric.value!), `${callMetricName(name)}, ${first.data}`]];
}

// Of the first form of the weights, with the most threads: the shortest prompt for decoding, the longest for the rest.
function costTiles({ cost }: ResultRecord): Tile[] {
  const [first] = cost?.points ?? [];
  if (!cost || first === undefined) return [];
  const threads = Math.max(...cost.points.map((point) => point.threads));
  const output = usualOutput(cost.points);
  const own = cost.points
    .filter((point) => point.weights === first.weights && point.kv === first.kv)
    .filter((point) => point.threads === threads && point.output === output)
    .sort((a, b) => a.prompt - b.prompt);
  const [short, long] = [own[0] ?? first, own.at(-1) ?? first];
  const how = `${first.weights}, ${threadsText(long.threads)}`;
  const tiles: Tile[] = [
    ["First token", milliseconds(long.firstTokenMs.median), `prompt of ${formatRate(long.prompt)}, ${how}`],
    ["Prefill", perSecond(long.prefillTokensPerSecond.median), `prompt of ${formatRate(long.prompt)}, ${how}`],
    ["Decode", perSecond(short.decodeTokensPerSecond.median), `behind ${formatRate(short.prompt)} tokens, ${how}`],
    ["Memory", formatBytes(long.memoryBytes), `at most, prompt of ${formatRate(long.prompt)}`],
  ];
  if (cost.sustained !== null)
    tiles.push(["Speed kept", formatPercent(cost.sustained.kept), "at the end of minutes without a pause"]);
  return tiles;
}

function milliseconds(ms: number): Html {
  return ms < 1000 ? html`${significant(ms)} <small>ms</small>` : html`${significant(ms / 1000)} <small>s</small>`;
}

function perSecond(rate: number): Html {
  return html`${formatRate(rate)} <small>tok/s</small>`;
}

/** All that the numbers depend on, to ask the same again. */
export function settingsSection(record: ResultRecord): Html {
  const { model, device, config, cost, tool } = record;
  const shape = shapeOf(record.spec);
  const facts: [string, string | null][] = [
    ["model", model.name],
    ["in the catalogue", model.catalogue],
    ["hash of its files", model.hash ?? "none: random weights"],
    ["parameters", `${formatCount(model.parameters)} (${formatRate(model.parameters)})`],
    ["released", model.released],
    ["shape", shape === null ? null : `${shapeText(shape)}, vocabulary ${formatRate(shape.vocabulary)}`],
    ["device", `${device.name} (${device.transport})`],
    ["processor", `${device.cpuModel ?? "unknown"} (${device.platform}/${device.arch}), ${device.cores} cores`],
    ["its memory", device.memoryBytes === null ? "unknown" : formatBytes(device.memoryBytes)],
    ["engine", `${device.runtime.name} ${device.runtime.version}${cost === null ? "" : `, ${cost.simd} SIMD`}`],
    ["suite", record.suite],
    ["per-question file", record.samplesFile],
    ["made by", `handheld ${tool.version}${tool.commit === null ? "" : `, commit ${tool.commit}`}`],
    ["date", record.createdAt],
    ["record", `${record.id}, version ${record.version}`],
  ];
  const settings: [string, string][] = config === null ? [] : taskSettings(config);
  const all = [...facts, ...settings].filter((fact): fact is [string, string] => fact[1] !== null);
  return section(
    "settings",
    "Model, device and settings",
    html`<dl>${all.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<details><summary>Spec of the model</summary><pre tabindex="0"><code>${JSON.stringify(record.spec, null, 2)}</code></pre></details>`,
  );
}

function taskSettings(config: NonNullable<ResultRecord["config"]>): [string, string][] {
  const { limit, shots, weights, kv, prefixToken, context, truncate, seed } = config;
  return [
    ["weights and cache", `${weights}, ${kv}`],
    ["questions per task", limit === null ? "all" : `the first ${formatRate(limit)}`],
    ["shots", shots === null ? "each task’s own" : shots.join(", ")],
    [
      "context",
      `${formatRate(context)} tokens, ${truncate ? "what is longer loses its beginning" : "what is longer is an error"}`,
    ],
    ["token before a text", String(prefixToken)],
    ["seed", String(seed)],
  ];
}

// Records keep specs as they were; one that is no longer read has its JSON alone.
function shapeOf(spec: ResultRecord["spec"]): Spec | null {
  try {
    return createSpec(spec as SpecInput);
  } catch {
    return null;
  }
}

/** What whoever measured wants readers to know; null where that is nothing. */
export function notesSection({ notes, cost }: ResultRecord): Html | null {
  const all = [...notes, ...(cost?.notes ?? [])];
  if (all.length === 0) return null;
  return section("notes", "Notes", html`<ul class="reasons">${all.map((note) => html`<li>${note}</li>`)}</ul>`);
}

/** The device in words: this machine by its processor, for "local" says nothing to who reads the page elsewhere. */
function deviceTitle({ name, transport, cpuModel }: ResultRecord["device"]): string {
  return transport === "local" && cpuModel !== null ? cpuModel : name;
}
