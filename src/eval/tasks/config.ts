// What a task file may say, as a schema: the fields of lm-evaluation-harness, those that only concern Python or other media
// refused by name. Nothing here knows models or data.
import * as z from "zod";
import { HandheldError, invalidFile, quoteValue, suggest } from "../../errors.ts";
import { FunctionTag, type YamlFields } from "./yaml.ts";

/** How a task puts its questions to a model. */
export const outputTypes = ["multiple_choice", "loglikelihood", "loglikelihood_rolling", "generate_until"] as const;
export type OutputType = (typeof outputTypes)[number];

const functionTag = z.instanceof(FunctionTag);
/** A template or the name of a column, a number, a list, or a function. */
const fieldSchema = z.union([z.string(), z.number().int(), z.array(z.unknown()), functionTag]);
const choicesSchema = z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown()), functionTag]);
const optionalText = z.string().nullish();
const row = z.record(z.string(), z.unknown());

const fewShotSchema = z.strictObject({
  sampler: z.string().optional(),
  split: optionalText,
  samples: z.union([z.array(row), functionTag]).nullish(),
  process_docs: functionTag.nullish(),
  fewshot_indices: z.array(z.number().int().nonnegative()).nullish(),
  doc_to_text: fieldSchema.nullish(),
  doc_to_target: fieldSchema.nullish(),
  doc_to_choice: choicesSchema.nullish(),
  target_delimiter: optionalText,
  fewshot_delimiter: optionalText,
  gen_prefix: optionalText,
});

const metricSchema = z.looseObject({
  metric: z.union([z.string(), functionTag]),
  aggregation: z.union([z.string(), functionTag]).optional(),
  higher_is_better: z.boolean().optional(),
});

const filterSchema = z.strictObject({
  name: z.string(),
  filter: z.array(z.looseObject({ function: z.union([z.string(), functionTag]) })).min(1),
});

const version = z.union([z.string(), z.number()]);
const metadata = z.looseObject({ version: version.optional() });

const taskSchema = z.strictObject({
  task: z.string(),
  task_alias: optionalText,
  tag: z.union([z.string(), z.array(z.string())]).nullish(),
  dataset_path: z.string(),
  dataset_name: optionalText,
  dataset_kwargs: z.record(z.string(), z.unknown()).nullish(),
  training_split: optionalText,
  validation_split: optionalText,
  test_split: optionalText,
  fewshot_split: optionalText,
  process_docs: functionTag.nullish(),
  doc_to_text: fieldSchema.nullish(),
  doc_to_target: fieldSchema.nullish(),
  doc_to_choice: choicesSchema.nullish(),
  process_results: functionTag.nullish(),
  description: z.string().nullish(),
  target_delimiter: z.string().default(" "),
  fewshot_delimiter: z.string().default("\n\n"),
  fewshot_config: fewShotSchema.nullish(),
  num_fewshot: z.number().int().nonnegative().nullish(),
  metric_list: z.array(metricSchema).min(1).nullish(),
  output_type: z.enum(outputTypes).default("generate_until"),
  generation_kwargs: z.record(z.string(), z.unknown()).nullish(),
  repeats: z.number().int().min(1).max(1000).default(1),
  filter_list: z.array(filterSchema).min(1).nullish(),
  should_decontaminate: z.boolean().optional(),
  doc_to_decontamination_query: z.unknown().optional(),
  gen_prefix: optionalText,
  metadata: metadata.nullish(),
});

const aggregateSchema = z.strictObject({
  metric: z.string(),
  aggregation: z.literal("mean", "only the mean of a group is known").default("mean"),
  weight_by_size: z.boolean().default(true),
  filter_list: z.union([z.string(), z.array(z.string())]).nullish(),
});

const groupSchema = z.strictObject({
  group: z.string(),
  group_alias: optionalText,
  task: z.array(z.union([z.string(), row])).min(1),
  aggregate_metric_list: z.preprocess(
    (given) => (given === undefined || given === null || Array.isArray(given) ? given : [given]),
    z.array(aggregateSchema).nullish(),
  ),
  metadata: metadata.nullish(),
});

/** A template, column, number, list or function, see doc_to_text of a task file. */
export type Field = z.infer<typeof fieldSchema> | z.infer<typeof choicesSchema>;
/** A task file's content, with its defaults. */
export type TaskConfig = z.infer<typeof taskSchema>;
/** An entry of metric_list. */
export type MetricConfig = z.infer<typeof metricSchema>;
/** An entry of filter_list. */
export type FilterConfig = z.infer<typeof filterSchema>;
/** A group file's content. */
export type GroupConfig = z.infer<typeof groupSchema>;

/** Fields of a group itself; others of a group file are defaults of its tasks. */
export const groupFields: ReadonlySet<string> = new Set(Object.keys(groupSchema.shape));

const unsupported: Readonly<Record<string, string>> = {
  class: "is a task written in Python; only tasks of data can be read",
  custom_dataset: "makes its data in Python; give the data as files",
  use_prompt: "takes a prompt of promptsource; write doc_to_text",
  doc_to_image: "needs a model that sees",
  doc_to_audio: "needs a model that hears",
  unsafe_code: "runs what the model writes, which is not done here",
};

/** Checks a task's fields. @throws HandheldError `invalid-file` or `unsupported`, naming file and field */
export function parseTaskConfig(fields: YamlFields, path: string): TaskConfig {
  for (const [field, reason] of Object.entries(unsupported)) {
    const value = fields[field];
    if (value !== undefined && value !== null && value !== false) {
      throw new HandheldError("unsupported", `${path}: ${field} ${reason}`);
    }
  }
  const config = parse(taskSchema, fields, path);
  const need = (field: "doc_to_text" | "doc_to_target" | "doc_to_choice") => {
    if (config[field] === undefined || config[field] === null) {
      throw invalidFile(path, `${field} is missing, which output_type ${config.output_type} needs`);
    }
  };
  const isCustom = config.output_type === "multiple_choice" || config.output_type === "loglikelihood";
  if (config.output_type !== "loglikelihood_rolling") need("doc_to_text");
  if (isCustom || !config.process_results) need("doc_to_target");
  if (config.output_type === "multiple_choice") need("doc_to_choice");
  if (!config.test_split && !config.validation_split) {
    throw invalidFile(path, "test_split and validation_split are missing; one of them says what to evaluate");
  }
  return config;
}

/** Checks a group's own fields. @throws HandheldError `invalid-file`, naming file and field */
export function parseGroupConfig(fields: YamlFields, path: string): GroupConfig {
  return parse(
    groupSchema,
    Object.fromEntries(Object.entries(fields).filter(([field]) => groupFields.has(field))),
    path,
  );
}

function parse<T>(schema: z.ZodType<T>, fields: YamlFields, path: string): T {
  const parsed = schema.safeParse(fields);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const key = [...issue.path.map(String), issue.keys[0]!].join(".");
    const known = issue.path.length === 0 ? Object.keys(taskSchema.shape) : Object.keys(fewShotSchema.shape);
    throw invalidFile(path, `unknown field ${key}${suggest(issue.keys[0]!, known) || "; remove it"}`);
  }
  const value = issue.path.reduce<unknown>((inner, key) => (inner as YamlFields | undefined)?.[key as string], fields);
  const field = issue.path.join(".");
  if (value === undefined) throw invalidFile(path, `${field} is missing`);
  const message = issue.message.replace(/^Invalid (input|option): /, "");
  throw invalidFile(path, `${field}: ${message}, got ${quoteValue(value)}`);
}
