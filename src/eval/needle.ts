// Needle in a haystack: over lengths and depths, whether a model's answers have what was hidden in the text before.
import { createHash } from "node:crypto";
import { HandheldError } from "../errors.ts";
import type { KvFormat } from "../kernels/backend.ts";
import { countParameters } from "../spec/arithmetic.ts";
import { generateTexts } from "./ask.ts";
import type { ModelToEvaluate } from "./evaluate.ts";
import { fillerSentences, hide, makeNeedle, type NeedleKind, needleKinds } from "./haystack.ts";
import { memoryJournal, openJournal } from "./journal.ts";
import { type NeedleResult, needleVersion } from "./result.ts";
import type { GenerationRequest } from "./scoring/generator.ts";

/** Options of {@link evaluateNeedle}. */
export interface NeedleOptions {
  kinds?: readonly NeedleKind[] | undefined;
  /** Tokens of the prompts. Default: powers of two from 256 to what fits in the model's context. */
  lengths?: readonly number[] | undefined;
  /** Places of the fact, 0…1. Default: 0, ¼, ½, ¾, 1. */
  depths?: readonly number[] | undefined;
  /** Different facts and texts per cell. Default 3. */
  samples?: number | undefined;
  kv?: KvFormat | undefined;
  /** Default 1. */
  seed?: number | undefined;
  journal?: { folder: string; fresh?: boolean } | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Tokens of an answer at most. */
const answerTokens = 32;

/**
 * Hides facts in texts and asks for them.
 *
 * @throws HandheldError `invalid-option` for lengths that the model does not have, `aborted`, `out-of-memory`
 * @example
 * ```ts
 * const { cells } = await evaluateNeedle(model, { lengths: [512, 1024], depths: [0, 0.5, 1] });
 * ```
 */
export async function evaluateNeedle(model: ModelToEvaluate, options: NeedleOptions = {}): Promise<NeedleResult> {
  const started = new Date();
  const { kinds = needleKinds, depths = [0, 0.25, 0.5, 0.75, 1], samples = 3, seed = 1, kv = "f32" } = options;
  const lengths = options.lengths ?? usualLengths(model.spec.context);
  for (const length of lengths) {
    if (length + answerTokens <= model.spec.context) continue;
    const reason = `a text of ${length} tokens and an answer of ${answerTokens} do not fit in the model's context of ${model.spec.context}`;
    throw new HandheldError("invalid-option", reason);
  }
  const cells = kinds.flatMap((kind) => lengths.flatMap((length) => depths.map((depth) => ({ kind, length, depth }))));
  const asked = cells.flatMap((cell) => Array.from({ length: samples }, (_, i) => ask(model, cell, seed + i)));
  const { signal, onProgress } = options;
  const journal = await journalOf(model, { cells, samples, seed, kv }, options);
  const requests = asked.map(({ request }) => request);
  const { values } = await generateTexts(model, requests, { kv, signal, onProgress, journal });
  const scores = asked.map(({ answers }, i) => share(values[i]!, answers));
  return {
    version: needleVersion,
    model: { name: model.name, hash: model.hash, parameters: countParameters(model.spec).total },
    config: { weights: model.format, kv, seed, samples },
    cells: cells.map((cell, i) => {
      const own = scores.slice(i * samples, (i + 1) * samples);
      return { ...cell, score: own.reduce((sum, score) => sum + score, 0) / samples, n: samples };
    }),
    startedAt: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
  };
}

function usualLengths(context: number): number[] {
  const lengths: number[] = [];
  for (let length = 256; length + answerTokens <= context; length *= 2) lengths.push(length);
  return lengths.length > 0 ? lengths : [context - answerTokens];
}

function ask(
  { tokenizer }: ModelToEvaluate,
  { kind, length, depth }: { kind: NeedleKind; length: number; depth: number },
  seed: number,
): { request: GenerationRequest; answers: string[] } {
  const needle = makeNeedle(kind, seed);
  const encode = (text: string) => tokenizer.encode(text, { specialTokens: true });
  // Texts of one seed begin alike, so that what is before the fact is read once.
  const text = hide(needle, depth, length, (part) => encode(part).length, fillerSentences(seed));
  const prompt = Int32Array.from(encode(text));
  const how = { until: ["\n"], maxTokens: answerTokens, temperature: 0, topP: 1, topK: 0, seed };
  return { request: { ...how, prompt }, answers: needle.answers };
}

/** The share of the wanted answers that a text has. */
function share(text: string, answers: readonly string[]): number {
  const lower = text.toLowerCase();
  return answers.filter((answer) => lower.includes(answer.toLowerCase())).length / answers.length;
}

async function journalOf({ hash, format }: ModelToEvaluate, what: object, { journal }: NeedleOptions) {
  if (!journal || hash === null) return memoryJournal();
  const key = createHash("sha256")
    .update(JSON.stringify([1, hash, format, what]))
    .digest("hex")
    .slice(0, 24);
  return openJournal(journal.folder, `needle-${key}`, journal.fresh);
}
