// The data stage: samples (generated or the user's), a vocabulary learned from them, and the codec between the two.
import { HandheldError } from "../errors.ts";
import { ANDROID_CATALOGUE } from "../functions/catalogue/index.ts";
import { type CallCodec, type CallSettings, codecTokens, createCallCodec } from "../functions/codec.ts";
import { loadCalls, loadFunctions } from "../functions/data/load.ts";
import { getCallFormat } from "../functions/formats/registry.ts";
import { describeDataset, generateDataset, redrawTraining } from "../functions/generator/index.ts";
import type { CallDataset, Json, Sample } from "../functions/types.ts";
import { trainTokenizer } from "../tokenizer/bpe-trainer.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import type { CreateOptions, DataSummary } from "./types.ts";

/**
 * Tokens for text (bytes and merges) of a default call model. Enough that nearly every word outside the values is one
 * token: with 1,256 a fifth of them were pieces, sequences were 22 % longer and new phrasings harder to learn.
 */
export const defaultTextTokens = 3000;

/** Everything that training and evaluation need of the data. */
export interface PreparedData {
  dataset: CallDataset;
  tokenizer: Tokenizer;
  codec: CallCodec;
  settings: CallSettings;
  /** Fresh training samples for a later epoch, where the data is generated. */
  redraw?: ((epoch: number) => Sample[]) | undefined;
  /** Context for the model: the longest sequence with room to spare, a multiple of 64. */
  context: number;
  summary: DataSummary;
}

/**
 * Loads or generates the data and learns its vocabulary. Deterministic by seed.
 * @throws DataError and HandheldError of the loaders; `invalid-data` when a split is empty.
 */
export async function prepareData(options: CreateOptions): Promise<PreparedData> {
  const { dataset, summary, redraw } =
    options.data === undefined ? generated(options) : await loaded(options, options.data);
  for (const split of ["train", "validation", "test"] as const) {
    if (dataset[split].length === 0)
      throw new HandheldError("invalid-data", `${summary.source}: the ${split} split is empty`);
  }
  const settings: CallSettings = { format: options.format ?? "code_short", queryRepeats: 1 };
  const tokenizer = learnVocabulary(dataset, settings, options.vocabulary);
  const codec = createCallCodec(tokenizer, dataset.functions, settings);
  const lengths = dataset.train.map((sample) => codec.encode(sample).ids.length);
  const longestTokens = lengths.reduce((a, b) => Math.max(a, b), 0);
  const meanTokens = lengths.reduce((a, b) => a + b, 0) / lengths.length;
  return {
    dataset,
    tokenizer,
    codec,
    settings,
    redraw,
    context: Math.max(256, Math.ceil((longestTokens * 1.5) / 64) * 64),
    summary: {
      ...summary,
      functions: dataset.functions.length,
      train: dataset.train.length,
      validation: dataset.validation.length,
      test: dataset.test.length,
      examples: [0, 1, 2].map((i) => dataset.train[Math.floor((i * dataset.train.length) / 3)]!),
      vocabulary: tokenizer.size,
      meanTokens,
      longestTokens,
    },
  };
}

type Source = Pick<DataSummary, "source" | "phrasings" | "skipped" | "duplicates" | "reasons">;

interface RawData {
  dataset: CallDataset;
  summary: Source;
  redraw?: (epoch: number) => Sample[];
}

function generated(options: CreateOptions): RawData {
  if (options.functions !== undefined) {
    throw new HandheldError(
      "invalid-option",
      "--functions needs --data: calls are generated for the built-in functions only",
    );
  }
  const settings = { samples: options.samples ?? 10_000, seed: options.seed ?? 1 };
  const dataset = generateDataset(settings);
  const { splits } = describeDataset(dataset);
  const phrasings = {
    train: splits.train.phrasings,
    validation: splits.validation.phrasings,
    test: splits.test.phrasings,
  };
  const source = `generated for the ${ANDROID_CATALOGUE.length} built-in Android functions`;
  const summary = { source, phrasings, skipped: 0, duplicates: 0, reasons: [] };
  return { dataset, summary, redraw: redrawTraining(settings) };
}

async function loaded(options: CreateOptions, path: string): Promise<RawData> {
  const functions = options.functions === undefined ? undefined : await loadFunctions(options.functions);
  const { dataset, skipped, duplicates, reasons } = await loadCalls(path, {
    functions,
    seed: options.seed,
    skipBad: options.skipBad,
  });
  return { dataset, summary: { source: path, skipped, duplicates, reasons } };
}

/** Learns merges on the training split's queries and values; structure gets tokens of its own. */
function learnVocabulary(dataset: CallDataset, settings: CallSettings, size: number | undefined): Tokenizer {
  const { special, literal } = codecTokens(getCallFormat(settings.format), dataset.functions);
  const texts = dataset.train.flatMap((sample) => [
    sample.query,
    ...sample.answers.flatMap((call) => strings(call.arguments)),
  ]);
  return trainTokenizer(texts, {
    vocabularySize: size ?? defaultTextTokens + special.length + literal.length,
    specialTokens: special,
    literalTokens: literal,
    roles: { bos: special[0]!, eos: special[2]! },
    addPrefixSpace: true,
    // A number of the clock or the calendar is one token: "30" in the query is "30" in the answer.
    maxDigits: 2,
  });
}

function strings(value: Json): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(strings);
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(strings) : [];
}
