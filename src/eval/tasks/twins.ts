// Python functions that task files name, in TypeScript: one registry, under the names of lm-evaluation-harness's own files
// (folder/module.function) and under ours. A task that needs another one brings it with `registerTwin`.
import { HandheldError, suggest } from "../../errors.ts";
import type { Row } from "./template.ts";
import { averageF1 } from "./twins/f1.ts";
import { hellaswagDocs } from "./twins/hellaswag.ts";
import { raceChoices, raceTarget, raceText } from "./twins/race.ts";
import { truthfulMass } from "./twins/truthfulqa.ts";
import { wikitextPages, wikitextResults, wikitextText } from "./twins/wikitext.ts";
import { winograndeChoices, winograndeTarget, winograndeText } from "./twins/winogrande.ts";
import type { FunctionTag } from "./yaml.ts";

/** What a model answered to one request of a document. */
export type Answer = { logLikelihood: number; greedy: boolean } | string | readonly string[];

/** A number per document, or what an aggregation over documents takes. */
export type SampleValue = number | readonly [number, number];

/** A function by what the field that names it wants of it. */
export interface TwinKinds {
  /** process_docs: rows as the other fields expect them. */
  docs: (rows: readonly Row[]) => Row[];
  /** doc_to_text, doc_to_target, doc_to_choice: a value for a row. */
  field: (row: Row) => unknown;
  /** process_results: values by metric. */
  results: (row: Row, answers: readonly Answer[]) => Record<string, SampleValue>;
  /** metric of a task that generates: of the right texts and the answer. */
  metric: (right: readonly string[], answer: string) => SampleValue;
  /** aggregation of a metric: one number of all documents' values. It has no standard error. */
  aggregation: (values: readonly SampleValue[]) => number;
  /** filter: what is left of the answers to a request. */
  filter: (answers: readonly Answer[], row: Row) => readonly Answer[];
  /** fewshot_config.samples: the rows of worked examples. */
  samples: () => Row[];
}
export type TwinKind = keyof TwinKinds;

type Twin = { [K in TwinKind]: { kind: K; run: TwinKinds[K] } }[TwinKind];
const registry = new Map<string, Twin>();

/**
 * Registers a function under a name: `module.function`, or `folder/module.function` where the module's name is a common one.
 *
 * @example
 * ```ts
 * registerTwin("my_task/utils.doc_to_text", "field", ({ question }) => `Q: ${question}`);
 * ```
 */
export function registerTwin<K extends TwinKind>(name: string, kind: K, run: TwinKinds[K]): void {
  registry.set(name, { kind, run } as unknown as Twin);
}

/** The function that a file names. @throws HandheldError `unsupported`, which `where` prefixes, where there is none */
export function findTwin<K extends TwinKind>({ folder, name }: FunctionTag, kind: K, where: string): TwinKinds[K] {
  const found = registry.get(`${folder}/${name}`) ?? registry.get(name);
  if (found?.kind === kind) return found.run as TwinKinds[K];
  const reason = found ? `is a function for another field (${found.kind})` : "has no twin in TypeScript";
  // The many `utils` have nothing in common but their names: only functions of the same module can have been meant.
  const module = name.slice(0, name.lastIndexOf(".") + 1);
  const siblings = [...registry.keys()].filter((known) => known.startsWith(module) && module !== "");
  const near = found ? "" : suggest(name, siblings);
  throw new HandheldError(
    "unsupported",
    `${where}: !function ${name} ${reason}${near || "; register one with registerTwin"}`,
  );
}

for (const name of ["hellaswag.process_docs", "hellaswag/utils.process_docs"])
  registerTwin(name, "docs", hellaswagDocs);
for (const module of ["winogrande", "preprocess_winogrande"]) {
  registerTwin(`${module}.doc_to_text`, "field", winograndeText);
  registerTwin(`${module}.doc_to_target`, "field", winograndeTarget);
  registerTwin(`${module}.doc_to_choice`, "field", winograndeChoices);
}
for (const module of ["race", "preprocess_race"]) {
  registerTwin(`${module}.doc_to_text`, "field", raceText);
  registerTwin(`${module}.doc_to_target`, "field", raceTarget);
  registerTwin(`${module}.doc_to_choice`, "field", raceChoices);
}
registerTwin("wikitext.pages", "docs", wikitextPages);
for (const module of ["wikitext", "preprocess_wikitext"]) {
  registerTwin(`${module}.wikitext_detokenizer`, "field", wikitextText);
  registerTwin(`${module}.process_results`, "results", wikitextResults);
}
for (const name of ["truthfulqa.process_results_mc2", "truthfulqa/utils.process_results_mc2"]) {
  registerTwin(name, "results", truthfulMass);
}
for (const average of ["macro", "weighted", "micro"] as const) {
  for (const module of ["utils", "metrics"])
    registerTwin(`${module}.${average}_f1_score`, "aggregation", averageF1(average));
}
