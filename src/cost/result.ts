// What running a model costs, as data: speeds, first-token time, memory, energy. Knows nothing of how they are measured.
import * as z from "zod";

/** Version of {@link costSchema}. */
export const costVersion = 1;

const seconds = z.number().nonnegative();
const bytes = z.number().nonnegative();

/** A quantity over several repeats. */
export const repeatedSchema = z.object({
  /** Median over the repeats. */
  median: z.number().nonnegative(),
  /** (Largest − smallest) ÷ median; 0 for one repeat. */
  spread: z.number().nonnegative(),
  repeats: z.number().int().positive(),
});

/** One point of the grid: prompt length × output length × weight form × threads. */
export const costPointSchema = z.object({
  /** Number format of the matrices. */
  weights: z.string(),
  kv: z.string(),
  threads: z.number().int().positive(),
  /** Tokens of the prompt, which goes into an empty cache. */
  prompt: z.number().int().positive(),
  /** Decoded tokens behind it, each the likeliest. */
  output: z.number().int().positive(),
  /** Milliseconds from the prompt to the first token: prefill and the choice of the likeliest. */
  firstTokenMs: repeatedSchema,
  prefillTokensPerSecond: repeatedSchema,
  decodeTokensPerSecond: repeatedSchema,
  /** Bytes that the engine held at most: weights, cache and buffers. */
  memoryBytes: bytes,
  /** Joules per token of the whole machine, by the platform's own counter; null where it has none. */
  prefillJoulesPerToken: z.number().nonnegative().nullable(),
  decodeJoulesPerToken: z.number().nonnegative().nullable(),
});

/** Where time or memory goes. Shares of one breakdown sum to 1. */
const shareSchema = z.object({ name: z.string(), share: z.number().min(0).max(1) });

/** Decoding without a pause, to see whether the device slows down. */
export const sustainedSchema = z.object({
  weights: z.string(),
  threads: z.number().int().positive(),
  context: z.number().int().nonnegative(),
  seconds,
  /** Equal stretches of time. */
  points: z.array(
    z.object({
      /** Seconds since the beginning, at the end of the stretch. */
      at: seconds,
      decodeTokensPerSecond: z.number().nonnegative(),
      /** Degrees Celsius of the hottest sensor, where there is one. */
      celsius: z.number().nullable(),
    }),
  ),
  /** Median speed of the last fifth ÷ the best fifth: 1 where nothing throttles. */
  kept: z.number().nonnegative(),
});

/** What `measureCost` gives. */
export const costSchema = z.object({
  version: z.literal(costVersion),
  simd: z.string(),
  points: z.array(costPointSchema),
  /** Of the largest prompt, in the first form and with the most threads. */
  breakdown: z
    .object({
      prefill: z.array(shareSchema),
      decode: z.array(shareSchema),
      memory: z.array(z.object({ name: z.string(), bytes })),
      /** Of the whole process meanwhile, JavaScript engine included; absent where that is not told. */
      processBytes: bytes.optional(),
    })
    .nullable(),
  sustained: sustainedSchema.nullable(),
  /** Where joules come from ("Linux powercap", "Android battery"), or why there are none. */
  energy: z.object({ source: z.string().nullable(), note: z.string() }),
  /** What makes the numbers what they are, in words. */
  notes: z.array(z.string()),
  startedAt: z.string(),
  seconds,
});

/** See {@link costPointSchema}. */
export type CostPoint = z.infer<typeof costPointSchema>;
/** See {@link sustainedSchema}. */
export type SustainedRun = z.infer<typeof sustainedSchema>;
/** See {@link costSchema}. */
export type Cost = z.infer<typeof costSchema>;
