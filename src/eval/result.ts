// What an evaluation gives: validated, versioned data that a results store or a report can keep. Knows nothing of models.
import * as z from "zod";

/** Version of {@link evaluationSchema}; a reader of records goes by it. */
export const evaluationVersion = 1;

/** A number that may not be one: JSON has neither NaN nor infinities, both are null. */
const measured = z.number().nullable();

/** One metric over a task's samples. */
export const metricSchema = z.object({
  /** Null where it is not a number: a perplexity that overflows, a mean over nothing. */
  value: measured,
  /** Standard error of `value`; null where the metric has none. */
  stderr: measured,
  higherIsBetter: z.boolean(),
  /**
   * How the samples' values make `value`: a name of tasks/aggregate.ts, or `function` for a task file's own; absent for a
   * group, which averages its parts.
   */
  aggregation: z.string().optional(),
});

/** Why a task has no metrics. */
const failureSchema = z.object({ code: z.string(), message: z.string() });

/** One task at one number of shots, or a group's average over its tasks. */
export const taskResultSchema = z.object({
  name: z.string(),
  kind: z.enum(["task", "group"]),
  /** For a group: the names of its parts, as they appear in `tasks` of the same evaluation. */
  parts: z.array(z.string()).optional(),
  /** The version that the task file states. */
  version: z.union([z.string(), z.number()]),
  /** Hash of the task's definition, its data and shots: equal hashes asked the same questions. */
  hash: z.string(),
  /** Worked examples before each question. */
  shots: z.number().int().nonnegative(),
  /** Samples scored. */
  n: z.number().int().nonnegative(),
  /** By name; a filter other than lm-evaluation-harness's `none` is part of it: `exact_match,remove_whitespace`. */
  metrics: z.record(z.string(), metricSchema),
  /** Requests (a choice each) whose beginning was cut off to fit in the model's context. */
  truncated: z.number().int().nonnegative(),
  /** Present where the task could not be run; `metrics` is empty then, and other tasks are unaffected. */
  error: failureSchema.optional(),
});

/** Everything that could change a number. */
export const evaluationConfigSchema = z.object({
  /** Samples per task at most; null: all. */
  limit: z.number().int().positive().nullable(),
  /** Shots asked for, each task once with each; null: the task's own. */
  shots: z.array(z.number().int().nonnegative()).nullable(),
  /** Number format of the matrices in memory, and of the KV cache. */
  weights: z.string(),
  kv: z.string(),
  /** What begins a text that has no context: the id of the token. */
  prefixToken: z.number().int(),
  /** Tokens that a sequence may have. */
  context: z.number().int().positive(),
  /** Whether what is too long loses its beginning, instead of being an error. */
  truncate: z.boolean(),
  seed: z.number().int(),
});

/** The model that was evaluated. */
export const evaluatedModelSchema = z.object({
  /** As it was given. */
  name: z.string(),
  /** SHA-256 over names and contents of the model's files; null for one that has no files. */
  hash: z.string().nullable(),
  parameters: z.number().int().nonnegative(),
});

/** What `evaluateTasks` returns and `handheld eval --tasks` prints. */
export const evaluationSchema = z.object({
  version: z.literal(evaluationVersion),
  model: evaluatedModelSchema,
  /** The architecture (src/spec), as its own schema reads it. */
  spec: z.record(z.string(), z.unknown()),
  config: evaluationConfigSchema,
  tasks: z.array(taskResultSchema),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  /** Of this run; what an earlier, interrupted one took is not in it. */
  seconds: z.number().nonnegative(),
  /** Tokens that went through the model in this run, and those that sharing prefixes saved. */
  tokens: z.object({ computed: z.number().int().nonnegative(), shared: z.number().int().nonnegative() }),
});

/** See {@link metricSchema}. */
export type Metric = z.infer<typeof metricSchema>;
/** See {@link taskResultSchema}. */
export type TaskResult = z.infer<typeof taskResultSchema>;
/** See {@link evaluationConfigSchema}. */
export type EvaluationConfig = z.infer<typeof evaluationConfigSchema>;
/** See {@link evaluatedModelSchema}. */
export type EvaluatedModel = z.infer<typeof evaluatedModelSchema>;
/** See {@link evaluationSchema}. */
export type Evaluation = z.infer<typeof evaluationSchema>;

/** Version of {@link needleSchema}. */
export const needleVersion = 1;

/** How well a model finds what was hidden in a long text: a heat map over lengths and depths. */
export const needleSchema = z.object({
  version: z.literal(needleVersion),
  model: evaluatedModelSchema,
  config: z.object({
    weights: z.string(),
    kv: z.string(),
    seed: z.number().int(),
    samples: z.number().int().positive(),
  }),
  cells: z.array(
    z.object({
      /** `single`: one fact; `multi`: several, all asked for; `reasoning`: facts that only together give the answer. */
      kind: z.enum(["single", "multi", "reasoning"]),
      /** Tokens of the prompt at most. */
      length: z.number().int().positive(),
      /** Where the (first) fact is: 0 at the beginning, 1 at the end. */
      depth: z.number().min(0).max(1),
      /** Share of the facts asked for that are in the answers; higher is better. */
      score: z.number().min(0).max(1),
      n: z.number().int().positive(),
    }),
  ),
  startedAt: z.string(),
  seconds: z.number().nonnegative(),
});
/** See {@link needleSchema}. */
export type NeedleResult = z.infer<typeof needleSchema>;
