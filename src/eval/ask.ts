// Puts a prepared task's requests to a model and keeps what is finished: the answers to each request of each document.
import type { TextModel } from "../generate/generate.ts";
import type { KvFormat } from "../kernels/backend.ts";
import type { Journal } from "./journal.ts";
import { QuestionEncoder, type Scored } from "./scoring/encode.ts";
import { type GenerationRequest, generateGroup, planGeneration } from "./scoring/generator.ts";
import { planScoring } from "./scoring/plan.ts";
import { type Score, Scorer } from "./scoring/scorer.ts";
import type { PreparedTask, Request } from "./tasks/prepare.ts";
import type { Answer } from "./tasks/twins.ts";

/** Options of {@link askTask}. */
export interface AskOptions {
  kv: KvFormat;
  context: number;
  truncate: boolean;
  seed: number;
  journal: Journal;
  signal?: AbortSignal | undefined;
  /** Tokens done and in all; of texts that are generated the most that they can have. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What a model said. */
export interface Asked {
  /** Of each document, of each of its requests, `repeats` answers. */
  answers: Answer[][][];
  truncated: number;
  /** Tokens that went through the model in this run, and those that did not have to. */
  tokens: { computed: number; shared: number };
}

/** @throws ContextOverflowError for a request that is too long, HandheldError `aborted`, `io`, `out-of-memory` */
export async function askTask(model: TextModel, task: PreparedTask, options: AskOptions): Promise<Asked> {
  const encoder = new QuestionEncoder({ ...options, tokenizer: model.tokenizer });
  const requests = task.documents.flatMap((document) => document.requests);
  const isGeneration = requests[0]?.kind === "generation";
  const run = isGeneration ? generateAll : scoreAll;
  const { answers, tokens } = await run(model, task, requests, encoder, options);
  let at = 0;
  const byDocument = task.documents.map((document) => {
    at += document.requests.length;
    return answers.slice(at - document.requests.length, at);
  });
  return { answers: byDocument, truncated: encoder.truncated, tokens };
}

interface Answers {
  answers: Answer[][];
  tokens: Asked["tokens"];
}

async function scoreAll(
  model: TextModel,
  { config }: PreparedTask,
  requests: readonly Request[],
  encoder: QuestionEncoder,
  options: AskOptions,
): Promise<Answers> {
  const questions: Scored[] = [];
  const parts = requests.map((request) => {
    const cut = questionsOf(request, encoder);
    questions.push(...cut);
    return cut.length;
  });
  const scores = await scoreQuestions(model, questions, options);
  let at = 0;
  const answers = parts.map((count): Answer[] => {
    const own = scores.values.slice(at, at + count);
    at += count;
    const answer: Answer = {
      logLikelihood: own.reduce((sum, { logLikelihood }) => sum + logLikelihood, 0),
      greedy: own.every(({ greedy }) => greedy),
    };
    return Array.from({ length: config.repeats }, () => answer);
  });
  return { answers, tokens: scores.tokens };
}

function questionsOf(request: Request, encoder: QuestionEncoder): Scored[] {
  if (request.kind === "rolling") return encoder.windows(request.text);
  const { context, continuation } = request as Extract<Request, { kind: "continuation" }>;
  return [encoder.pair(context, continuation)];
}

/** Scores of questions in their order; blocks that the journal has are not asked again. */
async function scoreQuestions(
  model: TextModel,
  questions: readonly Scored[],
  { journal, onProgress, signal, kv }: AskOptions,
): Promise<{ values: Score[]; tokens: Asked["tokens"] }> {
  const plan = planScoring(questions);
  const values = new Array<Score>(questions.length);
  const take = (order: readonly number[], results: readonly Score[]) => {
    for (const [i, index] of order.entries()) values[index] = results[i]!;
  };
  const key = (i: number) => `${i}/${plan.blocks.length}`;
  const missing = plan.blocks.filter((block, i) => {
    const known = knownScores(journal.get(key(i)), block.order.length);
    if (known) take(block.order, known);
    return !known;
  });
  const total = missing.reduce((sum, block) => sum + block.tokens, missing.length > 0 ? plan.root.length : 0);
  let computed = 0;
  const onTokens = (count: number) => {
    computed += count;
    onProgress?.(computed, total);
  };
  if (missing.length > 0) {
    const scorer = new Scorer(model.decoder, { kv, signal, onTokens });
    try {
      scorer.begin(plan.root);
      for (const block of missing) {
        const results = await scorer.score(questions, block);
        await journal.add(
          key(plan.blocks.indexOf(block)),
          results.map(({ logLikelihood, greedy }) => [logLikelihood, Number(greedy)]),
        );
        take(block.order, results);
      }
    } finally {
      scorer.close();
    }
  }
  return { values, tokens: { computed, shared: plan.unshared - plan.tokens } };
}

function knownScores(entry: unknown, count: number): Score[] | null {
  if (!Array.isArray(entry) || entry.length !== count) return null;
  return entry.map(([logLikelihood, greedy]: [number, number]) => ({ logLikelihood, greedy: greedy === 1 }));
}

async function generateAll(
  model: TextModel,
  { config }: PreparedTask,
  requests: readonly Request[],
  encoder: QuestionEncoder,
  options: AskOptions,
): Promise<Answers> {
  const { repeats } = config;
  const asked = requests.flatMap((request): GenerationRequest[] => {
    const { context, options: how } = request as Extract<Request, { kind: "generation" }>;
    const prompt = encoder.prompt(context, how.maxTokens);
    return Array.from({ length: repeats }, (_, i) => ({ ...how, prompt, seed: options.seed + i }));
  });
  const texts = await generateTexts(model, asked, options);
  return {
    answers: requests.map((_, i) => texts.values.slice(i * repeats, (i + 1) * repeats)),
    tokens: texts.tokens,
  };
}

/** Answers to prompts in their order. */
export async function generateTexts(
  model: TextModel,
  asked: readonly GenerationRequest[],
  { journal, onProgress, signal, kv }: Pick<AskOptions, "journal" | "onProgress" | "signal" | "kv">,
): Promise<{ values: string[]; tokens: Asked["tokens"] }> {
  const groups = planGeneration(asked);
  const values = new Array<string>(asked.length);
  const cost = (group: readonly number[]) =>
    group.reduce((sum, index) => sum + asked[index]!.prompt.length + asked[index]!.maxTokens, 0);
  const knownOf = (i: number): string[] | null => {
    const known = journal.get(`${i}/${groups.length}`) as string[] | undefined;
    return known?.length === groups[i]!.length ? known : null;
  };
  const total = groups.reduce((sum, group, i) => sum + (knownOf(i) === null ? cost(group) : 0), 0);
  let [computed, done, shared] = [0, 0, 0];
  for (const [i, group] of groups.entries()) {
    let texts = knownOf(i);
    if (texts === null) {
      const before = computed;
      const onTokens = (count: number) => {
        computed += count;
        onProgress?.(done + computed - before, total);
      };
      const answers = await generateGroup(model, asked, group, { kv, signal, onTokens });
      texts = answers.texts;
      shared += answers.shared;
      await journal.add(`${i}/${groups.length}`, texts);
      done += cost(group);
      onProgress?.(done, total);
    }
    for (const [j, index] of group.entries()) values[index] = texts[j]!;
  }
  return { values, tokens: { computed, shared } };
}
