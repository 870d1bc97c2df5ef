// What stands before a question: the description, worked examples, and how they are joined, as lm-evaluation-harness does it
// without a chat template.
import { HandheldError, invalidFile } from "../../errors.ts";
import type { TaskConfig } from "./config.ts";
import { compileFields, compileText, type Fields, type Piece } from "./fields.ts";
import { PythonRandom } from "./python-random.ts";
import { endsWithSpace, startsWithSpace } from "./python-regex.ts";
import type { Row } from "./template.ts";

/** Where examples come from. */
export interface FewShot {
  /** Examples before each question. */
  shots: number;
  /** The rows they are taken from; none are needed for 0 shots. */
  pool: readonly Row[];
  seed: number;
}

/** Writes the contexts of a task's questions; ask in the order of the rows, since examples are drawn on the way. */
export interface PromptWriter {
  /** The context of a question: several where its choices are different beginnings. */
  write(row: Row): string | string[];
  /** Text at the beginning of each answer, see gen_prefix. */
  prefix(row: Row): string;
}

/** @throws HandheldError `invalid-file` or `unsupported` that names file and field, `invalid-data` for too few examples */
export function createPromptWriter(config: TaskConfig, fields: Fields, path: string, fewShot: FewShot): PromptWriter {
  const description = config.description ? compileText(config.description, `${path}: description`) : () => "";
  const prefix = prefixOf(config.gen_prefix, `${path}: gen_prefix`);
  const example = exampleWriter(config, fields, path);
  const sample = createSampler(config, path, fewShot);
  const join = (question: string, lead: string, delimiter: string) =>
    lead === "" ? question : question + (needsDelimiter(question, lead) ? delimiter : "") + lead;
  return {
    prefix,
    write(row) {
      const before = description(row) + sample(row).map(example).join("");
      const question = fields.text(row);
      if (typeof question === "string") return before + join(question, prefix(row), config.target_delimiter);
      const inputs = fields.choices?.(row);
      if (!inputs) throw invalidFile(path, "doc_to_text gives a number, which needs doc_to_choice");
      return inputs.map((input) => before + join(input, prefix(row), ""));
    },
  };
}

/** A worked example as text; each row's is made once. */
function exampleWriter(config: TaskConfig, fields: Fields, path: string): (row: Row) => string {
  const own = config.fewshot_config ?? {};
  const inherited = {
    doc_to_text: config.doc_to_text,
    doc_to_target: config.doc_to_target,
    doc_to_choice: config.doc_to_choice,
  };
  const given = Object.fromEntries(Object.keys(inherited).map((key) => [key, own[key as keyof typeof inherited]]));
  const changed = Object.values(given).some((value) => value !== undefined && value !== null);
  const shown = changed ? compileFields({ ...inherited, ...withoutNulls(given) }, `${path}: fewshot_config`) : fields;
  const prefix = prefixOf(own.gen_prefix ?? config.gen_prefix, `${path}: fewshot_config: gen_prefix`);
  const between = own.target_delimiter ?? config.target_delimiter;
  const behind = own.fewshot_delimiter ?? config.fewshot_delimiter;
  const written = new Map<Row, string>();
  return (row) => {
    const known = written.get(row);
    if (known !== undefined) return known;
    const choices = shown.choices?.(row) ?? null;
    const text = shown.text(row);
    const question = typeof text === "number" ? choices![text]! : text;
    // Where questions are choices, the target is what follows.
    const answer = answerText(shown.target(row), typeof text === "number" ? null : choices, path);
    const lead = prefix(row);
    const gap = answer === "" && lead === "" ? "" : lead === "" || needsDelimiter(question, lead) ? between : "";
    const full = lead === "" ? answer : lead + (answer !== "" && needsDelimiter(lead, answer) ? " " : "") + answer;
    const example = answer === "" && lead === "" ? question : question + gap + full + (answer === "" ? "" : behind);
    written.set(row, example);
    return example;
  };
}

function answerText(target: Piece | Piece[], choices: readonly string[] | null, path: string): string {
  const first = Array.isArray(target) ? target[0] : target;
  if (typeof first !== "number") return first ?? "";
  if (Array.isArray(target) || choices === null) return String(first);
  const choice = choices[first];
  if (choice !== undefined) return choice;
  throw new HandheldError("invalid-data", `${path}: doc_to_target gives ${first}, there are ${choices.length} choices`);
}

function withoutNulls(fields: Record<string, unknown>): Record<string, never> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as Record<string, never>;
}

function prefixOf(source: string | null | undefined, where: string): (row: Row) => string {
  return source ? compileText(source, where) : () => "";
}

function needsDelimiter(before: string, after: string): boolean {
  return before !== "" && !endsWithSpace(before) && !startsWithSpace(after);
}

/** Draws the examples of a question. */
function createSampler(config: TaskConfig, path: string, { shots, pool, seed }: FewShot): (row: Row) => readonly Row[] {
  if (shots === 0) return () => [];
  const { sampler = "default", fewshot_indices: indices, split = config.fewshot_split } = config.fewshot_config ?? {};
  const rows = indices ? indices.map((i) => pool[i]).filter((row) => row !== undefined) : [...pool];
  // The question itself must not be among the examples where both are of the same split.
  const same = (split ?? null) === (config.test_split ?? null);
  const keys = new WeakMap<Row, string>();
  const keyOf = (row: Row) => {
    const key = keys.get(row) ?? JSON.stringify(row);
    keys.set(row, key);
    return key;
  };
  const others = (some: readonly Row[], row: Row) => some.filter((other) => keyOf(other) !== keyOf(row));
  const enough = (some: readonly Row[], count: number) => {
    if (some.length >= count) return;
    const reason = `${shots} shots need ${count} rows to choose from, there are ${some.length}`;
    throw new HandheldError("invalid-data", `${path}: fewshot_split: ${reason}`);
  };
  if (sampler === "first_n") {
    return (row) => {
      const first = same ? others(rows.slice(0, shots + 64), row) : rows;
      enough(first, shots);
      return first.slice(0, shots);
    };
  }
  if (sampler !== "default")
    throw invalidFile(path, `fewshot_config.sampler: "${sampler}" is unknown; there are default, first_n`);
  const random = new PythonRandom(seed);
  return (row) => {
    enough(rows, same ? shots + 1 : shots);
    if (!same) return random.sample(rows, shots);
    const drawn = others(random.sample(rows, shots + 1), row).slice(0, shots);
    if (drawn.length === shots) return drawn;
    const rest = others(rows, row);
    enough(rest, shots);
    return random.sample(rest, shots);
  };
}
