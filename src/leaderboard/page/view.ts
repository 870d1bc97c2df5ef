// What of the site's rows is shown, in which order, and how that is kept in an address. Pure.
import type { Cost, Kind, Row, Score, SiteData, SiteDevice, SiteModel, Source } from "../data.ts";

/** What the table can be ordered by. */
export const sortKeys = [
  ...(["model", "parameters", "released", "device", "weights", "score"] as const),
  ...(["decode", "prefill", "firstTokenMs", "memoryBytes", "origin"] as const),
] as const;
export type SortKey = (typeof sortKeys)[number];

/** What capability is drawn against. */
export const costAxes = ["decode", "prefill", "firstTokenMs", "memoryBytes"] as const;
export type CostAxis = (typeof costAxes)[number];

/** Everything a reader can choose. Indices are into {@link SiteData}; -1 stands for all. */
export interface View {
  search: string;
  kind: Kind | "both";
  device: number;
  weights: string;
  /** Largest number of parameters; 0: any. */
  most: number;
  /** Leaves out runs over a part of the questions. */
  whole: boolean;
  /** Of equal model, device and format only the newest run. */
  newest: boolean;
  measure: number;
  axis: CostAxis;
  prompt: number;
  sort: SortKey;
  descending: boolean;
}

/** A row with what it refers to. */
export interface Line {
  row: Row;
  model: SiteModel;
  device: SiteDevice | null;
  source: Source | null;
  /** What searching looks at, in lower case. */
  text: string;
  /** Whether no later run has the same model, device and format. */
  newest: boolean;
}

/** A line with the numbers that a view asks for. */
export interface Shown extends Line {
  score: Score | null;
  cost: Cost | null;
}

/** The rows with what they refer to; made once. Rows of a kind come with the newest first. */
export function linesOf({ rows, models, devices, sources }: SiteData): Line[] {
  const seen = new Set<string>();
  return rows.map((row) => {
    const model = models[row.model]!;
    const device = row.device === null ? null : devices[row.device]!;
    const source = row.source === null ? null : sources[row.source]!;
    const words = [model.name, model.organisation, device?.name, device?.cpu, row.weights, row.kind, source?.name];
    const key = [row.kind, row.source, row.model, row.device, row.weights].join();
    const newest = !seen.has(key);
    seen.add(key);
    return { row, model, device, source, newest, text: words.filter(Boolean).join(" ").toLowerCase() };
  });
}

/** What is shown before anything is chosen: the measure and the prompt that most runs have. */
export function defaultView({ rows, measures }: SiteData): View {
  const own = rows.some(({ kind }) => kind === "measured") ? rows.filter(({ kind }) => kind === "measured") : rows;
  const counts = measures.map((_, measure) => own.filter(({ scores }) => scores.has(measure)).length);
  const averages = counts.map((count, i) => (measures[i]!.group === "Averages" ? count : 0));
  // An average says more than a task, where at least half as many have it.
  const [bestAverage, best] = [Math.max(0, ...averages), Math.max(0, ...counts)];
  const measure = bestAverage * 2 >= best ? averages.indexOf(bestAverage) : counts.indexOf(best);
  const prompts = promptsOf(rows).map((prompt) => ({
    prompt,
    count: own.filter(({ costs }) => costs.some((cost) => cost.prompt === prompt)).length,
  }));
  const most = Math.max(0, ...prompts.map(({ count }) => count));
  // 64 is what the PhoneLM paper compares at.
  const common = prompts.filter(({ count }) => count === most).map(({ prompt }) => prompt);
  return {
    ...{ search: "", kind: "both", device: -1, weights: "", most: 0, whole: false, newest: false },
    ...{ measure, axis: "decode", prompt: common.includes(64) ? 64 : (common[0] ?? 0) },
    ...{ sort: "score", descending: measures[measure]?.higherIsBetter ?? true },
  };
}

/** Lengths of prompts that were measured, in order. */
export function promptsOf(rows: readonly Row[]): number[] {
  const prompts = rows.flatMap(({ costs }) => costs.flatMap(({ prompt }) => prompt ?? []));
  return [...new Set(prompts)].sort((a, b) => a - b);
}

/** The lines that pass, ordered. A published row without the chosen score and without speeds has nothing to show. */
export function select(lines: readonly Line[], view: View): Shown[] {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  const shown: Shown[] = [];
  for (const line of lines) {
    const { row, model, text } = line;
    if (view.kind !== "both" && row.kind !== view.kind) continue;
    if (view.device >= 0 && row.device !== view.device) continue;
    if (view.weights !== "" && row.weights !== view.weights) continue;
    if (view.most > 0 && (model.parameters === null || model.parameters > view.most)) continue;
    if ((view.whole && row.limit !== null) || (view.newest && !line.newest)) continue;
    if (!words.every((word) => text.includes(word))) continue;
    const score = row.scores.get(view.measure) ?? null;
    const cost = row.costs.find(({ prompt }) => prompt === null || prompt === view.prompt) ?? null;
    if (row.kind === "published" && score === null && cost === null) continue;
    shown.push({ ...line, score, cost });
  }
  return order(shown, view.sort, view.descending);
}

/** Sorts; lines without the value come last either way, equal ones stay as they were. */
function order(lines: Shown[], key: SortKey, descending: boolean): Shown[] {
  const keyed = lines.map((line) => ({ line, value: sortValue(line, key) }));
  const sign = descending ? -1 : 1;
  // Few texts are different: comparing their places is much faster than comparing them.
  const texts = [...new Set(keyed.map(({ value }) => value).filter((value) => typeof value === "string"))];
  const places = new Map(texts.sort(collator.compare).map((text, i) => [text, i]));
  const number = (value: string | number) => (typeof value === "string" ? places.get(value)! : value);
  keyed.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    return sign * (number(a.value) - number(b.value));
  });
  return keyed.map(({ line }) => line);
}

const collator = new Intl.Collator("en", { numeric: true });

function sortValue({ row, model, device, source, score, cost }: Shown, key: SortKey): string | number | null {
  switch (key) {
    case "model":
      return model.name;
    case "parameters":
      return model.parameters;
    case "released":
      return model.released;
    case "device":
      return device?.name ?? null;
    case "weights":
      return row.weights;
    case "score":
      return score?.value ?? null;
    case "origin":
      return row.date ?? source?.name ?? null;
    default:
      return cost?.[key] ?? null;
  }
}

/** The part of an address that keeps a view: only what differs from `usual`, by name, so that it fits later builds. */
export function writeView(view: View, usual: View, { devices, measures }: SiteData): string {
  const words = new URLSearchParams();
  for (const key of Object.keys(view) as (keyof View)[]) {
    if (view[key] === usual[key]) continue;
    const value =
      key === "device" ? devices[view.device]?.slug : key === "measure" ? measures[view.measure]?.id : view[key];
    if (value !== undefined) words.set(key, String(value));
  }
  return words.toString();
}

/** Reads an address; what is unknown or impossible is left as usual. */
export function readView(text: string, usual: View, site: SiteData): View {
  const words = new URLSearchParams(text);
  const view = { ...usual };
  const has = <T extends string>(key: string, values: readonly T[]) => values.find((value) => value === words.get(key));
  view.search = (words.get("search") ?? usual.search).slice(0, 200);
  view.kind = has("kind", ["both", "measured", "published"]) ?? usual.kind;
  view.axis = has("axis", costAxes) ?? usual.axis;
  view.sort = has("sort", sortKeys) ?? usual.sort;
  view.weights = has("weights", weightsOf(site.rows)) ?? usual.weights;
  for (const key of ["whole", "newest", "descending"] as const) {
    view[key] = words.has(key) ? words.get(key) === "true" : usual[key];
  }
  const device = site.devices.findIndex(({ slug }) => slug === words.get("device"));
  const measure = site.measures.findIndex(({ id }) => id === words.get("measure"));
  if (device >= 0) view.device = device;
  if (measure >= 0) view.measure = measure;
  if (promptsOf(site.rows).includes(Number(words.get("prompt")))) view.prompt = Number(words.get("prompt"));
  if (Number(words.get("most")) > 0) view.most = Number(words.get("most"));
  return view;
}

/** Number formats that occur. */
export function weightsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap(({ weights }) => weights ?? []))].sort();
}
