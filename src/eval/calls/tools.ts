// Which functions a query's prompt shows: DroidCall's test gives the right ones and others, four in all; a phone has to find them.
import type { Retriever } from "../../functions/retrieve.ts";
import type { FunctionSchema, Sample } from "../../functions/types.ts";
import { createRandom } from "../../random.ts";

/** `gold`: those that the answer calls, filled up with random others; `retrieved`: what the retriever ranks first. */
export const toolSources = ["gold", "retrieved"] as const;
/** See {@link toolSources}. */
export type ToolSource = (typeof toolSources)[number];

/**
 * The functions for a query, `count` or all of the catalogue's if it has fewer; more where the answer calls more and they are
 * given. Given ones stand in a random order that depends on seed and query alone, retrieved ones best first.
 */
export function chooseTools(
  { query, answers }: Sample,
  retriever: Retriever,
  { source, count, seed }: { source: ToolSource; count: number; seed: number },
): FunctionSchema[] {
  if (source === "retrieved") return retriever.rank(query, count).map((ranked) => ranked.function);
  const random = createRandom(seed, "tools", query);
  const wanted = new Set(answers.map(({ name }) => name));
  const gold = retriever.functions.filter(({ name }) => wanted.has(name));
  const others = retriever.functions.filter(({ name }) => !wanted.has(name));
  const filled = [...gold];
  while (filled.length < count && others.length > 0) filled.push(others.splice(random.below(others.length), 1)[0]!);
  return random.shuffle(filled);
}

/**
 * Worked examples for a prompt: of each shown function in turn, single calls from the training samples, until there are
 * `shots`. Four with four functions are DroidCall's few-shot prompt.
 */
export function chooseExamples(
  tools: readonly FunctionSchema[],
  train: ReadonlyMap<string, readonly Sample[]>,
  shots: number,
): Sample[] {
  const examples: Sample[] = [];
  const most = Math.max(0, ...tools.map(({ name }) => train.get(name)?.length ?? 0));
  for (let round = 0; round < most; round++) {
    for (const { name } of tools) {
      const example = train.get(name)?.[round];
      if (example && examples.length < shots) examples.push(example);
    }
    if (examples.length >= shots) break;
  }
  return examples;
}

/** Training samples of one call, by its function. */
export function singleCalls(train: readonly Sample[]): Map<string, Sample[]> {
  return Map.groupBy(
    train.filter(({ answers }) => answers.length === 1),
    ({ answers }) => answers[0]!.name,
  );
}
