// Untrained models for tests: a tokenizer of its own texts and a decoder of random weights on the plain TypeScript backend.
import { createReferenceBackend } from "../kernels/index.ts";
import type { LoadedModel } from "../model/load.ts";
import { floatDecoder, randomTensors, tinySpec } from "../model/tiny.case.ts";
import type { Spec, SpecInput } from "../spec/spec.ts";
import { type TrainTokenizerOptions, trainTokenizer } from "../tokenizer/bpe-trainer.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";

/** A tokenizer with some words of its own. */
export function tinyTokenizer(options: Partial<TrainTokenizerOptions> = {}): Tokenizer {
  const added = (options.specialTokens?.length ?? 1) + (options.literalTokens?.length ?? 0);
  const texts = ["the cat sat on the mat and the dog sat on the log", "wake me up at 8 and play some jazz at the mat"];
  return trainTokenizer(texts, { vocabularySize: 256 + added + 24, ...options });
}

/** A model that has learned nothing: what it says depends on its weights alone. */
export function tinyModel(
  tokenizer: Tokenizer = tinyTokenizer(),
  changes: Partial<SpecInput> = {},
  seed = 1,
): LoadedModel {
  const spec: Spec = tinySpec({ vocabulary: tokenizer.size, layers: 1, context: 64, ...changes });
  const decoder = floatDecoder(createReferenceBackend(), spec, randomTensors(spec, seed));
  const eosIds = new Set(tokenizer.eosId === null ? [] : [tokenizer.eosId]);
  return { dir: "tiny", spec, format: "f32", decoder, tokenizer, eosIds, close: () => decoder.close() };
}
