// Answers as text: several prompts are continued together, a token of each at a time, so that the weights are read once for
// all of them. Groups depend on nothing but the prompts, see plan.ts.
import { HandheldError } from "../../errors.ts";
import type { TextModel } from "../../generate/generate.ts";
import { createSampler, type Sampler } from "../../generate/sampler.ts";
import { Batch } from "../../model/batch.ts";
import type { Session } from "../../model/session.ts";
import { hash32 } from "../../random.ts";
import type { StreamDecoder } from "../../tokenizer/tokenizer.ts";
import { nextTurn } from "../../turn.ts";
import { compareTokens } from "./plan.ts";
import type { ScorerOptions } from "./scorer.ts";

/** Prompts that are continued together. */
export const groupSize = 16;

/** A prompt and how to go on. */
export interface GenerationRequest {
  prompt: Int32Array;
  /** Texts that end the answer and are not part of it. */
  until: readonly string[];
  /** New tokens at most. */
  maxTokens: number;
  /** 0: the likeliest token each time. */
  temperature: number;
  topP: number;
  topK: number;
  seed: number;
}

interface Answer {
  request: GenerationRequest;
  session: Session;
  stream: StreamDecoder;
  sampler: Sampler | null;
  ids: number[];
  text: string;
  next: number;
  /** Tokens of the prompt that another one before it began with too. */
  shared: number;
}

/** Indices of requests in groups that are to be continued together: neighbours begin alike. */
export function planGeneration(requests: readonly GenerationRequest[]): number[][] {
  const order = [...requests.keys()].sort((a, b) => compareTokens(requests[a]!.prompt, requests[b]!.prompt) || a - b);
  const groups: number[][] = [];
  for (let at = 0; at < order.length; at += groupSize) groups.push(order.slice(at, at + groupSize));
  return groups;
}

/**
 * The answers to a group's requests, in its order, and how many of the prompts' tokens did not have to be read.
 *
 * @throws HandheldError `aborted`, `out-of-memory`
 */
export async function generateGroup(
  model: TextModel,
  requests: readonly GenerationRequest[],
  group: readonly number[],
  options: ScorerOptions,
): Promise<{ texts: string[]; shared: number }> {
  const batch = new Batch(model.decoder);
  const answers: Answer[] = [];
  let shared = 0;
  const check = async () => {
    await nextTurn();
    if (options.signal?.aborted) throw new HandheldError("aborted", "the evaluation was interrupted");
  };
  try {
    for (const index of group) {
      await check();
      const answer = begin(model, requests[index]!, answers.at(-1)?.session ?? null, options);
      shared += answer.shared;
      answers.push(answer);
    }
    let open = answers.filter((answer) => !isDone(model, answer));
    while (open.length > 0) {
      await check();
      const parts = open.map(({ session, next }) => ({ session, ids: [next], wanted: [0] }));
      batch.append(parts, (i, _, { logits }) => choose(open[i]!, logits));
      options.onTokens?.(open.length);
      open = open.filter((answer) => !isDone(model, answer));
    }
    return { texts: answers.map(({ text, request }) => cutAt(text, request.until)), shared };
  } finally {
    for (const { session } of answers) session.close();
    batch.close();
  }
}

/** Reads a prompt, behind what it has in common with the one before. */
function begin(model: TextModel, request: GenerationRequest, before: Session | null, options: ScorerOptions): Answer {
  const { prompt, maxTokens, temperature, topK, topP, seed } = request;
  const capacity = prompt.length + maxTokens;
  const length = before === null ? 0 : Math.min(before.commonPrefix(prompt), prompt.length - 1);
  const session = before?.clone({ length, capacity }) ?? model.decoder.createSession({ capacity, kv: options.kv });
  session.append(prompt.subarray(length));
  options.onTokens?.(prompt.length - length);
  const sampler = temperature > 0 ? createSampler({ temperature, topK, topP, seed: hash32(seed, ...prompt) }) : null;
  const answer: Answer = {
    request,
    session,
    stream: model.tokenizer.stream({ skipSpecial: true }),
    sampler,
    ids: [],
    text: "",
    next: -1,
    shared: length,
  };
  choose(answer, session.logits());
  return answer;
}

function choose(answer: Answer, logits: Float32Array): void {
  answer.next = answer.sampler ? answer.sampler.sample(logits, answer.ids) : argmax(logits);
  answer.ids.push(answer.next);
}

/** Takes the chosen token in; says whether it was the last. */
function isDone(model: TextModel, answer: Answer): boolean {
  const { next, stream, request } = answer;
  if (model.eosIds.has(next)) {
    answer.text += stream.end();
    return true;
  }
  answer.text += stream.push(next);
  if (request.until.some((stop) => answer.text.includes(stop))) return true;
  if (answer.ids.length < request.maxTokens) return false;
  answer.text += stream.end();
  return true;
}

function cutAt(text: string, until: readonly string[]): string {
  return until.reduce((rest, stop) => (stop === "" ? rest : rest.split(stop)[0]!), text);
}

function argmax(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}
