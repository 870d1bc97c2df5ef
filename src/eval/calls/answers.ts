// What a model answers to queries: an instruct model that is asked in words, or a call model in its own form. Finished blocks
// are on disk, so that a run that was killed goes on.
import { createHash } from "node:crypto";
import { ContextOverflowError, HandheldError } from "../../errors.ts";
import type { Call, FunctionSchema, Sample } from "../../functions/types.ts";
import type { Caller } from "../../generate/calls.ts";
import type { KvFormat } from "../../kernels/backend.ts";
import { nextTurn } from "../../turn.ts";
import { generateTexts } from "../ask.ts";
import type { ModelToEvaluate } from "../evaluate.ts";
import { type Journal, memoryJournal, openJournal } from "../journal.ts";
import { parseAnswer } from "./parse-answer.ts";
import { PromptEncoder, type PromptStyle } from "./prompt.ts";

/** An answer to one query. */
export interface CallAnswer {
  /** Null where the text has none. */
  calls: Call[] | null;
  /** What the model wrote. */
  text: string;
  /** What it says to the user; absent where it was not asked. */
  response?: string;
  /** Why there is no answer. */
  error?: string;
}

/** A query with what its prompt shows. */
export interface Question extends Sample {
  tools: readonly FunctionSchema[];
  examples: readonly Sample[];
}

/** How to run. */
export interface RunOptions {
  journal?: { folder: string; fresh?: boolean } | undefined;
  signal?: AbortSignal | undefined;
  /** Of an instruct model tokens, of a call model queries. */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A call model, with what says which one it is; hash as of a {@link ModelToEvaluate}. */
export interface TunedModel {
  caller: Caller;
  hash: string | null;
  /** Number format of the matrices. */
  format: string;
}

/** How an instruct model is asked. */
export interface AskOptions extends RunOptions {
  style: PromptStyle;
  response: boolean;
  /** Tokens of an answer at most. */
  maxTokens: number;
  kv: KvFormat;
}

/** Fewer tokens than these hold no call: a prompt that leaves less room in the context is not asked. */
const leastRoom = 16;
/** Queries of a call model that are noted together. */
const blockSize = 32;
/** Changes when the same questions could get other answers. */
const version = 1;

/** Asks an instruct model in words, likeliest token each time. A prompt that does not fit is an answer with an error. */
export async function askModel(
  model: ModelToEvaluate,
  questions: readonly Question[],
  options: AskOptions,
): Promise<CallAnswer[]> {
  const { style, response, maxTokens, kv, signal, onProgress } = options;
  const encoder = new PromptEncoder(model.tokenizer);
  const { context } = model.spec;
  const prompts = questions.map(({ query, tools, examples }) =>
    encoder.encode({ query, tools, examples, style, response }),
  );
  const fits = [...prompts.keys()].filter((i) => prompts[i]!.length + leastRoom <= context);
  const requests = fits.map((i) => {
    const room = Math.min(maxTokens, context - prompts[i]!.length);
    return {
      prompt: prompts[i]!,
      maxTokens: room,
      until: ["\nNow my query is:"],
      temperature: 0,
      topP: 1,
      topK: 0,
      seed: 0,
    };
  });
  const asked = requests.map(({ prompt, maxTokens: most }) => [[...prompt], most]);
  const journal = await journalFor("prompted", [model.hash, model.format, kv, asked], model.hash, options);
  const { values } = await generateTexts(model, requests, { kv, signal, onProgress, journal });
  const texts = new Map(fits.map((index, i) => [index, values[i]!]));
  return questions.map(({ tools }, i) => {
    const text = texts.get(i);
    if (text === undefined) {
      return {
        calls: null,
        text: "",
        error: new ContextOverflowError(prompts[i]!.length + leastRoom, context).message,
      };
    }
    const [calls = "", ...said] = response ? text.split(/^\s*Response:/m) : [text];
    const parsed = parseAnswer(calls, new Map(tools.map((tool) => [tool.name, tool])));
    return { calls: parsed, text, ...(response ? { response: said.join("").trim() } : {}) };
  });
}

/** Asks a call model, in its own form and under its grammar. A query that does not fit is an answer with an error. */
export async function askCaller(
  { caller, hash, format }: TunedModel,
  samples: readonly Sample[],
  options: RunOptions,
): Promise<CallAnswer[]> {
  const { codec } = caller;
  const queries = samples.map(({ query }) => query);
  const prompts = queries.map((query) => codec.prompt(query));
  const journal = await journalFor("tuned", [hash, format, codec.format.name, codec.functions, prompts], hash, options);
  const answers: CallAnswer[] = [];
  const blocks = Math.ceil(queries.length / blockSize);
  for (let block = 0; block < blocks; block++) {
    const key = `${block}/${blocks}`;
    const own = queries.slice(block * blockSize, (block + 1) * blockSize);
    let found = journal.get(key) as CallAnswer[] | undefined;
    if (found?.length !== own.length) {
      found = [];
      for (const query of own) {
        await nextTurn();
        if (options.signal?.aborted) throw new HandheldError("aborted", "the evaluation was interrupted");
        found.push(answerOf(caller, query));
        options.onProgress?.(answers.length + found.length, queries.length);
      }
      await journal.add(key, found);
    }
    answers.push(...found);
    options.onProgress?.(answers.length, queries.length);
  }
  return answers;
}

function answerOf(caller: Caller, query: string): CallAnswer {
  try {
    const { calls, text } = caller.call(query);
    return { calls, text };
  } catch (error) {
    if (!(error instanceof HandheldError) || !["context-overflow", "invalid-call"].includes(error.code)) throw error;
    return { calls: null, text: "", error: error.message };
  }
}

async function journalFor(kind: string, what: unknown, hash: string | null, { journal }: RunOptions): Promise<Journal> {
  if (!journal || hash === null) return memoryJournal();
  const key = createHash("sha256")
    .update(JSON.stringify([version, what]))
    .digest("hex")
    .slice(0, 24);
  return openJournal(journal.folder, `calls-${kind}-${key}`, journal.fresh);
}
