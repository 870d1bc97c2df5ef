// What a search leaves: text for the terminal, a CSV of every described shape, and the winner's spec as files.
import { formatBytes, formatCount, formatPercent, formatRate, significant } from "../../format.ts";
import { toHfConfig } from "../../model/hf-config.ts";
import type { Candidate, Estimate, Finding, VerifiedCandidate } from "../../search/index.ts";
import type { Spec } from "../../spec/spec.ts";
import { formatTable } from "../table.ts";

/** The winner, why, the best shapes and the known ones, as text. */
export function describeFinding(finding: Finding): string {
  const { space, evaluated, admissible, method, top, known, winner } = finding;
  const counted = `${formatRate(evaluated)} shapes of ${space.name} (${method}), ${formatRate(admissible)} good enough`;
  return [
    `  ${counted}: ${space.description}`,
    "",
    shapesTable(finding, top, (one) => (one === winner ? "→" : "")),
    ...(known.length === 0
      ? []
      : [
          "",
          shapesTable(
            finding,
            known.toSorted((a, b) => a.cost - b.cost),
            (one) => one.name,
          ),
        ]),
    ...(finding.verified.length === 0 ? [] : ["", verifiedTable(finding.verified)]),
    ...publishedNote(finding),
    "",
    ...finding.why.map((line) => `  ${line}`),
  ].join("\n");
}

// A terminal has no room for them, and they are not what was asked.
function publishedNote({ references }: Finding): string[] {
  if (references.length === 0) return [];
  return [
    "",
    `  ${references.length} speeds that papers measured on phones at about this size: in --report, --csv and --json`,
  ];
}

function shapesTable<T extends Candidate>(finding: Finding, shapes: readonly T[], mark: (one: T) => string): string {
  const titles = ["layers", "width", "FFN", "heads", "params", "decode tok/s", "prefill tok/s", "memory", "loss"];
  const columns = ["", ...titles, finding.objective.unit].map((title) => ({ title, numeric: title !== "" }));
  const rows = shapes.map((one) => {
    const { layers, layerRepeat, width, ffnWidth, heads, kvHeads } = one.spec;
    return [
      mark(one),
      `${layers}${layerRepeat > 1 ? `×${layerRepeat}` : ""}`,
      ...[width, ffnWidth].map(String),
      kvHeads === heads ? String(heads) : `${heads}/${kvHeads}`,
      formatCount(one.parameters),
      withHalf(one.speed.decodeTokensPerSecond),
      withHalf(one.speed.prefillTokensPerSecond),
      formatBytes(one.memoryBytes),
      `× ${one.relativeLoss.value.toFixed(3)} ± ${((one.relativeLoss.high - one.relativeLoss.low) / 2).toFixed(3)}`,
      significant(one.cost),
    ];
  });
  return formatTable(columns, rows);
}

function withHalf({ value, low, high }: Estimate): string {
  return `${formatRate(value)} ± ${significant((high - low) / 2, 2)}`;
}

function verifiedTable(verified: readonly VerifiedCandidate[]): string {
  const columns = ["measured", "decode", "off by", "spread", "prefill", "off by", "spread"];
  const rows = verified.map(({ spec, decode, prefill }) => [
    `${spec.layers * spec.layerRepeat} × ${spec.width}, FFN ${spec.ffnWidth}`,
    ...[decode, prefill].flatMap(({ tokensPerSecond, predicted, spread }) => [
      formatRate(tokensPerSecond),
      predicted === null ? "-" : formatPercent(predicted.value / tokensPerSecond - 1),
      formatPercent(spread, 0),
    ]),
  ]);
  return formatTable(
    columns.map((title, i) => ({ title, numeric: i > 0 })),
    rows,
  );
}

const sizes = ["layers", "layerRepeat", "width", "ffnWidth", "heads", "kvHeads", "headSize", "activation"] as const;
const options = ["gated", "tiedEmbeddings", "vocabulary"] as const;
const estimates = ["prefillTokensPerSecond", "decodeTokensPerSecond", "ttftMs"] as const;

/**
 * Every described shape, a line each: those of the fronts, the best, the known ones, and those that papers measured on
 * phones; with what was measured here, and what was published.
 */
export function toCsv(finding: Finding): string {
  const spread = (name: string) => [name, `${name}Low`, `${name}High`];
  const head = [
    ...["list", "name", ...sizes, ...options, "parameters", "memoryBytes", ...spread("relativeLoss"), "cautiousLoss"],
    ...estimates.flatMap(spread),
    ...["cost", "measuredPrefillTokensPerSecond", "measuredDecodeTokensPerSecond"],
    ...["publishedPrefillTokensPerSecond", "publishedDecodeTokensPerSecond", "published"],
  ];
  const line = (list: string, name: string, one: Candidate, published: (string | number)[] = ["", "", ""]) => {
    const measured = finding.verified.find(({ spec }) => JSON.stringify(spec) === JSON.stringify(one.spec));
    return [
      ...[list, name, ...[...sizes, ...options].map((key) => one.spec[key])],
      ...[one.parameters, one.memoryBytes, ...numbers(one.relativeLoss), Number(one.cautiousLoss.toPrecision(6))],
      ...estimates.flatMap((key) => numbers(one.speed[key])),
      ...[one.cost, measured?.prefill.tokensPerSecond ?? "", measured?.decode.tokensPerSecond ?? ""],
      ...published,
    ];
  };
  const lines = [
    head,
    ...finding.top.map((one) => line("top", "", one)),
    ...(["decode", "prefill"] as const).flatMap((phase) =>
      finding.fronts[phase].map((one) => line(`front-${phase}`, "", one)),
    ),
    ...finding.known.map((one) => line("known", one.name, one)),
    ...finding.references.map(({ name, here, device, engine, source, ...speeds }) => {
      const { prefillTokensPerSecond, decodeTokensPerSecond } = speeds;
      const where = `${source}: ${device}, ${engine}`;
      return line("reference", name, here, [prefillTokensPerSecond ?? "", decodeTokensPerSecond ?? "", where]);
    }),
  ];
  return `${lines.map((cells) => cells.map(cell).join(",")).join("\n")}\n`;
}

function numbers({ value, low, high }: Estimate): number[] {
  return [value, low, high].map((one) => Number(one.toPrecision(6)));
}

function cell(value: string | number | boolean): string {
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const written = [
  ...([
    "layers",
    "width",
    "ffnWidth",
    "heads",
    "kvHeads",
    "headSize",
    "activation",
    "gated",
    "norm",
    "normEps",
  ] as const),
  ...(["ropeBase", "ropeTable", "tiedEmbeddings", "layerRepeat", "vocabulary", "context"] as const),
];

/** The spec file that create, train and bench take: the fields that a space varies, one a line. */
export function specFile(spec: Spec): string {
  return `${JSON.stringify(Object.fromEntries(written.map((key) => [key, spec[key]])), null, 2)}\n`;
}

/** The Hugging Face config.json of a spec. */
export function hfConfigFile(spec: Spec): string {
  return `${JSON.stringify(toHfConfig(spec), null, 2)}\n`;
}
