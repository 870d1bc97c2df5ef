// From records and published tables to the site's data. Pure; nothing is read or written.
import { findModel } from "../catalogue/find.ts";
import type { CostPoint } from "../cost/result.ts";
import type { ResultRecord } from "../results/record.ts";
import type { Cost, Row, SiteData, SiteDevice, SiteModel } from "./data.ts";
import { addRun, type Details, emptyDetails, rounded } from "./details.ts";
import { taskLabel } from "./labels.ts";
import { addAverages, createMeasures, type Measures, measureOf, recordScores, taskVersions } from "./measures.ts";
import type { PublishedTable } from "./published/schema.ts";

/** What the site says of itself. */
export interface SiteOptions {
  title: string;
  /** ISO 8601. */
  builtAt: string;
}

/** Things by a key, each with a slug of its own. */
class Register<T extends { slug: string }> {
  readonly list: T[] = [];
  private readonly index = new Map<string, number>();
  private readonly slugs = new Set<string>();

  /** Index of what has the key; made by `create`, which gets a slug that nothing else has. */
  at(key: string, name: string, create: (slug: string) => T): number {
    const known = this.index.get(key);
    if (known !== undefined) return known;
    const slug = this.unique(slugOf(name));
    this.index.set(key, this.list.length);
    return this.list.push(create(slug)) - 1;
  }

  private unique(slug: string): string {
    let candidate = slug;
    for (let i = 2; this.slugs.has(candidate); i++) candidate = `${slug}-${i}`;
    this.slugs.add(candidate);
    return candidate;
  }
}

/**
 * The data of the table, the charts and the pages. Records come first, the newest first, then the rows of the tables.
 *
 * @example
 * ```ts
 * const { site, details } = createSite(records, publishedTables, { title: "Our phones", builtAt: new Date().toISOString() });
 * ```
 */
export function createSite(
  records: readonly ResultRecord[],
  tables: readonly PublishedTable[],
  { title, builtAt }: SiteOptions,
): { site: SiteData; details: Details } {
  const [models, devices] = [new Register<SiteModel>(), new Register<SiteDevice>()];
  const measures = createMeasures();
  const rows: Row[] = [];
  const details = emptyDetails();
  const versions = taskVersions(records);
  const newestFirst = records.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
  for (const record of newestFirst) {
    const model = models.at(...measuredModel(record));
    const device = devices.at(...measuredDevice(record));
    const run = addRun(details, record, model, device);
    rows.push(...recordRows(record, { model, device, run }, recordScores(measures, record, versions)));
  }
  const sources = tables.map(({ source, url, note }) => ({ name: source, url, note }));
  rows.push(...tables.flatMap((table, source) => publishedRows(table, source, { models, devices, measures })));
  addAverages(measures, rows);
  const site = { title, builtAt, models: models.list, devices: devices.list, sources, measures: measures.list, rows };
  return { site, details };
}

/** A row per number format that was measured; what the model can do belongs to the format that it was asked in. */
function recordRows(
  record: ResultRecord,
  places: { model: number; device: number; run: number },
  scores: Row["scores"],
): Row[] {
  const points = record.cost?.points ?? [];
  const asked = record.config?.weights ?? record.needleConfig?.weights ?? points[0]?.weights ?? null;
  const formats = new Set([...(scores.size > 0 ? [asked] : []), ...points.map(({ weights }) => weights)]);
  return [...(formats.size > 0 ? formats : [asked])].map((weights): Row => {
    const costs = comparable(points.filter((point) => point.weights === weights));
    return {
      ...{ kind: "measured", source: null, weights, ...places },
      date: record.createdAt.slice(0, 10),
      limit: weights === asked ? (record.config?.limit ?? null) : null,
      threads: costs[0]?.threads ?? null,
      scores: weights === asked ? scores : new Map(),
      costs: costs.map(costAt),
    };
  });
}

/** Of a grid in one format a point per prompt: with the most threads, the first form of cache, the longest output. */
function comparable(points: readonly CostPoint[]): CostPoint[] {
  const threads = Math.max(...points.map((point) => point.threads));
  const chosen = new Map<number, CostPoint>();
  for (const point of points) {
    if (point.threads !== threads || point.kv !== points[0]!.kv) continue;
    const other = chosen.get(point.prompt);
    if (other === undefined || point.output > other.output) chosen.set(point.prompt, point);
  }
  return [...chosen.values()].sort((a, b) => a.prompt - b.prompt);
}

function costAt(point: CostPoint): Cost {
  return {
    prompt: point.prompt,
    prefill: rounded(point.prefillTokensPerSecond.median, 3),
    decode: rounded(point.decodeTokensPerSecond.median, 3),
    firstTokenMs: rounded(point.firstTokenMs.median, 3),
    memoryBytes: rounded(point.memoryBytes, 3),
  };
}

function publishedRows(
  { columns, scale, rows, device: deviceName }: PublishedTable,
  source: number,
  known: { models: Register<SiteModel>; devices: Register<SiteDevice>; measures: Measures },
): Row[] {
  const nowhere = { transport: null, platform: null, cpu: null, cores: null, memoryBytes: null, runtime: null };
  const device =
    deviceName === null
      ? null
      : known.devices.at(`published ${deviceName}`, deviceName, (slug) => ({ slug, name: deviceName, ...nowhere }));
  const indices = columns.map(({ task, setting }) => {
    const name = setting === "" ? taskLabel(task) : `${taskLabel(task)}, ${setting}`;
    const group = task === "survey-average" ? "Averages" : task.includes(".") ? "Function calls" : "Tasks";
    return measureOf(known.measures, `${task}|${setting}`, { name, group, higherIsBetter: true, share: true });
  });
  return rows.map(({ model: name, size, released, values, prefill = null, decode = null }): Row => {
    const printed = { parameters: size === null ? null : sizeOf(size), released: released ?? null };
    const model = known.models.at(...modelEntry(name, findModel(name) ? {} : printed)); // the catalogue is more exact
    const scores = values.flatMap((value, i) =>
      value === null ? [] : [[indices[i]!, { value: rounded(value / scale, 4), stderr: null }] as const],
    );
    const speeds = { prompt: null, prefill, decode, firstTokenMs: null, memoryBytes: null };
    return {
      ...{ kind: "published", source, model, device, weights: null, date: null, limit: null, threads: null, run: null },
      scores: new Map(scores),
      costs: prefill === null && decode === null ? [] : [speeds],
    };
  });
}

type Entry<T> = [key: string, name: string, create: (slug: string) => T];

function measuredModel({ model, spec }: ResultRecord): Entry<SiteModel> {
  const { parameters, released } = model;
  const name = model.catalogue ?? model.name;
  return modelEntry(name, { parameters, released, shape: shapeOf(spec) });
}

/** A model by its name; what the catalogue knows of it is added. */
function modelEntry(name: string, facts: Partial<SiteModel>): Entry<SiteModel> {
  const known = findModel(name);
  const shown = known?.name ?? name;
  const create = (slug: string): SiteModel => ({
    ...{ slug, name: shown, shape: null, ...facts },
    parameters: facts.parameters ?? known?.publishedParameters ?? (known ? sizeOf(known.size) : null),
    released: facts.released ?? known?.date ?? null,
    organisation: known?.organisation ?? null,
    attention: known?.attention ?? null,
    context: known?.context ?? null,
  });
  return [shown.toLowerCase(), shown, create];
}

function measuredDevice({ device }: ResultRecord): Entry<SiteDevice> {
  const { name, transport, platform, arch, cpuModel, cores, memoryBytes, runtime } = device;
  const create = (slug: string): SiteDevice => ({
    ...{ slug, name, transport, platform: `${platform}/${arch}`, cpu: cpuModel, cores, memoryBytes },
    runtime: `${runtime.name} ${runtime.version}`,
  });
  return [JSON.stringify([name, transport, cpuModel]), name, create];
}

/** 1.5B as a number. */
function sizeOf(size: string): number {
  return Math.round(Number(size.slice(0, -1)) * (size.endsWith("B") ? 1e9 : 1e6));
}

/** A name's letters and digits, for an address: `smollm-135m`. */
function slugOf(name: string): string {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return slug.slice(0, 60) || "unnamed";
}

/** An architecture in a few words, as far as a record's spec says it. */
function shapeOf(spec: Readonly<Record<string, unknown>>): string | null {
  const { layers, width, heads, kvHeads, ffnWidth, activation } = spec;
  if (typeof layers !== "number" || typeof width !== "number") return null;
  const parts = [`${layers} layers × ${width}`];
  if (typeof ffnWidth === "number")
    parts.push(`${typeof activation === "string" ? `${activation} ` : ""}FFN ${ffnWidth}`);
  if (typeof heads === "number") {
    parts.push(typeof kvHeads === "number" && kvHeads !== heads ? `${heads} heads over ${kvHeads}` : `${heads} heads`);
  }
  return parts.join(", ");
}
