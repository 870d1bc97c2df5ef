// Measured qualities for the model to be conditioned on: both published tables, in ln(loss).
import { mean } from "../statistics.ts";
import { logWeights, type Shape } from "./features.ts";
import { accuracyRows, lossRows } from "./tables.ts";

/** A measured quality. */
export interface Observation {
  shape: Shape;
  /** Runs with the same data, tokens and evaluation: only differences within one count. */
  group: string;
  /** Groups with the same source are more alike than others. */
  source: string;
  /** ln(loss), up to a constant of the group. */
  logLoss: number;
  /** Standard deviation of ln(loss) between equal runs. */
  noise: number;
}

// Between equal runs PhoneLM's losses are taken to differ by 0.4 % (their twins with 4 and 16 key/value heads do), mean
// accuracies over eight tasks by half a point.
const lossNoise = 0.004;
const accuracyNoise = 0.008;

/** Both tables as observations. */
export function publishedObservations(): Observation[] {
  const losses = lossRows.map((row): Observation => {
    const fixed = { headSize: row.width / row.heads, gated: true, tiedEmbeddings: true, layerRepeat: 1 };
    const place = { group: `PhoneLM ${row.group}`, source: "PhoneLM", noise: lossNoise };
    return { shape: { ...row, ...fixed }, ...place, logLoss: Math.log(row.loss) };
  });
  const shapes = accuracyRows.map(accuracyShape);
  const rate = exchangeRate(shapes);
  const accuracies = accuracyRows.map((row, i): Observation => {
    const place = { group: `MobileLLM ${row.group}`, source: "MobileLLM", noise: accuracyNoise };
    return { shape: shapes[i]!, ...place, logLoss: -rate * row.accuracy };
  });
  return [...losses, ...accuracies];
}

// Table 11 does not name FFN widths: they follow from the parameters, with embedding and head of 32,000 each.
function accuracyShape({ layers, heads, width, parameters }: (typeof accuracyRows)[number]): Shape {
  const perBlock = (parameters - 2 * 32_000 * width) / layers;
  const ffnWidth = (perBlock - 4 * width * width) / (3 * width);
  const sizes = { layers, heads, kvHeads: heads, width, ffnWidth, headSize: width / heads };
  return { ...sizes, activation: "silu", gated: true, tiedEmbeddings: false, layerRepeat: 1 };
}

/** ln(loss) per point of accuracy: the table's two sizes, those of at least 12 layers, against Kaplan's exponent. */
function exchangeRate(shapes: readonly Shape[]): number {
  const of = (group: string, value: (i: number) => number) =>
    mean(
      [...accuracyRows.keys()].filter((i) => accuracyRows[i]!.group === group && shapes[i]!.layers >= 12).map(value),
    );
  const grown = (value: (i: number) => number) => of("350M", value) - of("125M", value);
  return (0.076 * grown((i) => logWeights(shapes[i]!))) / grown((i) => accuracyRows[i]!.accuracy);
}
