// The table of results as text: what was measured and what is printed in papers under headings of their own. Used when the
// site is built, for its first rows, and by the page.
import { formatBytes, formatCount, formatPercent, formatRate, significant } from "../../format.ts";
import { type Html, html } from "../../report/html.ts";
import type { Kind, Measure, Score, SiteData, SiteDevice } from "../data.ts";
import type { Shown, SortKey, View } from "./view.ts";

/** Rows of each kind at first, and with each "more". */
export const rowsAtOnce = 40;

/** A column: how it is called, and its cell. */
interface Column {
  key: SortKey;
  name: string;
  unit?: string;
  /** Texts stand at the left. */
  left?: boolean;
  cell(line: Shown, site: SiteData, view: View): Html | string;
}

const none = "–";

// On a phone three columns are in sight: the name, what it can do, how fast it is.
const columns: readonly Column[] = [
  { key: "model", name: "Model", left: true, cell: ({ model }) => modelLink(model) },
  { key: "score", name: "Capability", cell: scoreCell },
  { key: "decode", name: "Decode", unit: "tok/s", cell: ({ cost }) => or(cost?.decode, formatRate) },
  { key: "prefill", name: "Prefill", unit: "tok/s", cell: ({ cost }) => or(cost?.prefill, formatRate) },
  { key: "firstTokenMs", name: "First token", cell: ({ cost }) => or(cost?.firstTokenMs, formatMs) },
  { key: "memoryBytes", name: "Memory", cell: ({ cost }) => or(cost?.memoryBytes, formatBytes) },
  { key: "device", name: "Device", left: true, cell: ({ device }) => (device === null ? none : deviceLink(device)) },
  { key: "weights", name: "Weights", left: true, cell: ({ row }) => row.weights ?? none },
  { key: "parameters", name: "Size", cell: ({ model }) => or(model.parameters, formatCount) },
  { key: "released", name: "Released", cell: ({ model }) => model.released?.slice(0, 7) ?? none },
  { key: "origin", name: "Origin", left: true, cell: originCell },
];

/** What a table is of: some columns say nothing on the page of one model or device. */
export interface TableOptions {
  without: readonly SortKey[];
  /** Rows of each kind. */
  most: number;
}

/** Heading cells, with a button each to sort by. */
export function tableHead(view: View, { without }: TableOptions): Html[] {
  return shownColumns(without).map(({ key, name, unit, left = false }) => {
    const sorted = view.sort === key ? html` aria-sort="${view.descending ? "descending" : "ascending"}"` : null;
    return html`<th scope="col"${left && html` class="left"`}${sorted}><button type="button" data-sort="${key}">${name}${unit !== undefined && html` <small>${unit}</small>`}<span class="arrow" aria-hidden="true"></span></button></th>`;
  });
}

/** The kinds, each in a body of its own under a heading that says how many there are. */
export function tableBodies(shown: readonly Shown[], site: SiteData, view: View, options: TableOptions): Html[] {
  const wide = shownColumns(options.without);
  return kinds.flatMap(({ kind, title, note }) => {
    const own = shown.filter(({ row }) => row.kind === kind);
    if (own.length === 0) return [];
    const rows = own.slice(0, options.most).map((line) => tableRow(line, site, view, wide));
    return html`<tbody class="${kind}"><tr class="kind"><th colspan="${wide.length}" scope="rowgroup"><span>${title} <span class="soft">${formatRate(own.length)} ${own.length === 1 ? "row" : "rows"}, ${note}</span></span></th></tr>
${rows}</tbody>`;
  });
}

const kinds: readonly { kind: Kind; title: string; note: string }[] = [
  { kind: "measured", title: "Measured", note: "by handheld eval" },
  { kind: "published", title: "Published", note: "as printed in papers, not measured here" },
];

/** How many rows there are, in words. */
export function countText(shown: readonly Shown[], site: SiteData): string {
  const of = (kind: Kind, name: string) => {
    const all = site.rows.filter((row) => row.kind === kind).length;
    const own = shown.filter(({ row }) => row.kind === kind).length;
    return all === 0 ? [] : [`${formatRate(own)} of ${formatRate(all)} ${name}`];
  };
  return [...of("measured", "measured rows"), ...of("published", "published rows")].join(", ");
}

/** A value of a measure: 62.1 % or 31.4. */
export function scoreText({ value }: Pick<Score, "value">, measure: Measure): string {
  return measure.share ? formatPercent(value) : significant(value, 3);
}

/** Its standard error: ± 1.1, or nothing. */
export function errorText({ stderr }: Score, measure: Measure): string {
  if (stderr === null) return "";
  return `± ${measure.share ? (100 * stderr).toFixed(1) : significant(stderr, 2)}`;
}

/** 85 ms, 1.2 s. */
export function formatMs(ms: number): string {
  return ms < 999.5 ? `${significant(ms)} ms` : `${significant(ms / 1000)} s`;
}

// What the rows are of comes first: the models, or on the page of one model the devices.
function shownColumns(without: readonly SortKey[]): Column[] {
  const shown = columns.filter(({ key }) => !without.includes(key));
  const first = without.includes("model") ? "device" : "model";
  return shown.sort((a, b) => Number(b.key === first) - Number(a.key === first));
}

function tableRow(line: Shown, site: SiteData, view: View, wide: readonly Column[]): Html {
  const [first, ...others] = wide;
  const cells = others.map(
    (column) => html`<td${column.left === true && html` class="left"`}>${column.cell(line, site, view)}</td>`,
  );
  return html`<tr><th scope="row">${first!.cell(line, site, view)}</th>${cells}</tr>
`;
}

function modelLink({ slug, name }: Shown["model"]): Html {
  return html`<a href="model.html?id=${slug}">${name}</a>`;
}

function deviceLink({ slug, name }: SiteDevice): Html {
  return html`<a class="cut" title="${name}" href="device.html?id=${slug}">${name}</a>`;
}

function scoreCell({ score, row }: Shown, { measures }: SiteData, { measure }: View): Html | string {
  if (score === null) return none;
  const of = measures[measure]!;
  const error = errorText(score, of);
  const part =
    row.limit !== null &&
    html` <span class="part" title="the first ${row.limit} questions of each task">first ${row.limit}</span>`;
  return html`${scoreText(score, of)}${error !== "" && html` <span class="soft">${error}</span>`}${part}`;
}

function originCell({ row, source }: Shown): Html {
  if (source === null) return html`<time datetime="${row.date ?? ""}">${row.date ?? none}</time>`;
  const [, ...short] = source.name.split(", "); // without the authors
  return html`<span class="badge">published</span> <a class="cut" href="${source.url}" title="${source.name}">${short.join(", ")}</a>`;
}

function or(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? none : format(value);
}
