// What the site knows, as the build makes it and the page reads it. Plain data: the page has no other source.
import { packTable, type Table, unpackTable } from "./columns.ts";

/** Measured here, or printed in a paper. Averages, fronts and orders never go over both. */
export type Kind = "measured" | "published";

/** A number that says what a model can do. */
export interface Measure {
  /** Unique, and the same in every build: `piqa|0-shot`. */
  id: string;
  name: string;
  group: "Averages" | "Tasks" | "Function calls" | "Long texts";
  higherIsBetter: boolean;
  /** Shares of 1 are shown as percent. */
  share: boolean;
}

/** A model, whoever ran it. */
export interface SiteModel {
  /** Its place in addresses: `model.html?id=smollm-135m`. */
  slug: string;
  name: string;
  parameters: number | null;
  /** YYYY-MM or YYYY-MM-DD. */
  released: string | null;
  organisation: string | null;
  /** Of layers, widths and heads, in words. */
  shape: string | null;
  attention: string | null;
  /** Tokens. */
  context: number | null;
}

/** What models ran on. `transport` is null for a device in a paper. */
export interface SiteDevice {
  slug: string;
  name: string;
  transport: string | null;
  platform: string | null;
  cpu: string | null;
  cores: number | null;
  memoryBytes: number | null;
  runtime: string | null;
}

/** A paper's table. */
export interface Source {
  name: string;
  url: string;
  note: string;
}

/** A line of the site's table: a run in one number format, or a row of a paper. Numbers are indices into {@link SiteData}. */
export interface Row {
  kind: Kind;
  model: number;
  device: number | null;
  source: number | null;
  weights: string | null;
  /** YYYY-MM-DD of the run. */
  date: string | null;
  /** Questions per task at most; null: all, or not said. */
  limit: number | null;
  threads: number | null;
  /** Index into {@link Details.runs}. */
  run: number | null;
  /** By measure. */
  scores: Map<number, Score>;
  costs: Cost[];
}

/** A value with its standard error. */
export interface Score {
  value: number;
  stderr: number | null;
}

/** What running costs behind a prompt of so many tokens; null where a paper does not say how many. */
export interface Cost {
  prompt: number | null;
  /** Tokens per second. */
  prefill: number | null;
  decode: number | null;
  firstTokenMs: number | null;
  memoryBytes: number | null;
}

/** Everything that the table and the charts show. */
export interface SiteData {
  title: string;
  /** ISO 8601. */
  builtAt: string;
  models: SiteModel[];
  devices: SiteDevice[];
  sources: Source[];
  measures: Measure[];
  rows: Row[];
}

type FlatRow = Omit<Row, "scores" | "costs">;
type FlatScore = Score & { row: number; measure: number };
type FlatCost = Cost & { row: number };

/** {@link SiteData} as it is written. */
export interface PackedSite {
  title: string;
  builtAt: string;
  models: Table;
  devices: Table;
  sources: Table;
  measures: { id: string; name: string; group: Measure["group"]; higherIsBetter: boolean; share: boolean }[];
  rows: Table;
  scores: Table;
  costs: Table;
}

export function packSite({ title, builtAt, models, devices, sources, measures, rows }: SiteData): PackedSite {
  return {
    ...{ title, builtAt, measures },
    models: packTable(models),
    devices: packTable(devices),
    sources: packTable(sources),
    rows: packTable(rows.map(({ scores: _, costs: __, ...row }): FlatRow => row)),
    scores: packTable(
      rows.flatMap(({ scores }, row) => [...scores].map(([measure, score]): FlatScore => ({ row, measure, ...score }))),
    ),
    costs: packTable(rows.flatMap(({ costs }, row) => costs.map((cost): FlatCost => ({ row, ...cost })))),
  };
}

export function unpackSite({ title, builtAt, measures, ...packed }: PackedSite): SiteData {
  const rows = unpackTable<FlatRow>(packed.rows).map((row): Row => ({ ...row, scores: new Map(), costs: [] }));
  for (const { row, measure, ...score } of unpackTable<FlatScore>(packed.scores)) rows[row]!.scores.set(measure, score);
  for (const { row, ...cost } of unpackTable<FlatCost>(packed.costs)) rows[row]!.costs.push(cost);
  return {
    ...{ title, builtAt, measures, rows },
    models: unpackTable(packed.models),
    devices: unpackTable(packed.devices),
    sources: unpackTable(packed.sources),
  };
}
