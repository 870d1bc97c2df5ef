// Log-probabilities of continuations: the tree of a block goes through the model in batches, every node behind its parent's
// keys and values. See plan.ts for what is a block.
import { HandheldError } from "../../errors.ts";
import type { KvFormat } from "../../kernels/backend.ts";
import { Batch, type BatchPart, type Prediction } from "../../model/batch.ts";
import type { Decoder } from "../../model/decoder.ts";
import type { Session } from "../../model/session.ts";
import { nextTurn } from "../../turn.ts";
import type { Scored } from "./encode.ts";
import { type Block, buildTrie, type TrieNode } from "./plan.ts";

/** What a model thinks of a continuation. */
export interface Score {
  /** Natural logarithm of its probability, summed over its tokens. */
  logLikelihood: number;
  /** Whether each of its tokens is the likeliest one. */
  greedy: boolean;
}

/** Options of {@link Scorer}. */
export interface ScorerOptions {
  kv: KvFormat;
  signal?: AbortSignal | undefined;
  /** Called with the tokens that went through the model, as they do. */
  onTokens?: ((tokens: number) => void) | undefined;
}

/** A node on its way through the model. */
interface Job {
  node: TrieNode;
  /** Tokens of the node that went through. */
  done: number;
  session: Session | null;
  /** The parent's tokens: its own session for the last child, else a copy that shares memory. */
  open: () => Session;
}

/** Scores blocks over one decoder. Close it when done. */
export class Scorer {
  readonly #decoder: Decoder;
  readonly #options: ScorerOptions;
  readonly #batch: Batch;
  #root: Session | null = null;
  /** Sessions of the block that is being scored. */
  readonly #live = new Set<Session>();

  /** @throws HandheldError `out-of-memory` */
  constructor(decoder: Decoder, options: ScorerOptions) {
    this.#decoder = decoder;
    this.#options = options;
    this.#batch = new Batch(decoder);
  }

  /** Runs what all questions begin with; it stays for the blocks that follow. */
  begin(root: Int32Array): void {
    this.#root?.close();
    this.#root = null;
    if (root.length === 0) return;
    this.#root = this.#decoder.createSession({ capacity: root.length, kv: this.#options.kv });
    this.#root.append(root);
    this.#options.onTokens?.(root.length);
  }

  /** Scores of a block's questions, in the block's order. @throws HandheldError `aborted`, `out-of-memory` */
  async score(questions: readonly Scored[], { order }: Block): Promise<Score[]> {
    const scores = order.map((): Score => ({ logLikelihood: 0, greedy: true }));
    const rootLength = this.#root?.length ?? 0;
    const capacity = order.reduce((most, index) => Math.max(most, questions[index]!.tokens.length - 1), 1);
    const open = () => this.#openRoot(rootLength, capacity);
    const stack: Job[] = buildTrie(questions, order, rootLength)
      .reverse()
      .map((node) => ({ node, done: 0, session: null, open }));
    try {
      while (stack.length > 0) {
        await nextTurn();
        if (this.#options.signal?.aborted) throw new HandheldError("aborted", "the evaluation was interrupted");
        this.#step(stack, questions, order, scores);
      }
    } finally {
      for (const session of this.#live) session.close();
      this.#live.clear();
    }
    return scores;
  }

  /** Returns all memory. */
  close(): void {
    this.#root?.close();
    this.#root = null;
    this.#batch.close();
  }

  #openRoot(length: number, capacity: number): Session {
    if (this.#root) return this.#keep(this.#root.clone({ length, capacity }));
    return this.#keep(this.#decoder.createSession({ capacity, kv: this.#options.kv }));
  }

  #keep(session: Session): Session {
    this.#live.add(session);
    return session;
  }

  /** One batch: nodes from the top of the stack, as many tokens as fit. */
  #step(stack: Job[], questions: readonly Scored[], order: readonly number[], scores: Score[]): void {
    const taken: { job: Job; from: number; part: BatchPart }[] = [];
    let room = this.#batch.capacity;
    while (room > 0 && stack.length > 0) {
      const job = stack.pop()!;
      const from = job.node.start + job.done;
      const to = Math.min(job.node.end, from + room);
      job.session ??= job.open();
      taken.push({ job, from, part: partOf(job, questions, order, from, to) });
      room -= to - from;
    }
    const parts = taken.map(({ part }) => part);
    this.#batch.append(parts, (i, index, prediction) => {
      const { job, from } = taken[i]!;
      record(prediction, from + index, job.node, questions, order, scores);
    });
    for (const { job, part } of taken.reverse()) {
      job.done += part.ids.length;
      if (job.node.start + job.done < job.node.end) stack.push(job);
      else stack.push(...this.#childrenOf(job));
    }
    this.#options.onTokens?.(this.#batch.capacity - room);
  }

  /** The jobs behind a finished one, in the order of a stack; without any, its session is closed. */
  #childrenOf({ node, session }: Job): Job[] {
    let left = node.children.length;
    if (left === 0) {
      session!.close();
      this.#live.delete(session!);
    }
    const open = () => (--left === 0 ? session! : this.#keep(session!.clone()));
    return node.children.map((child) => ({ node: child, done: 0, session: null, open })).reverse();
  }
}

function partOf(
  { node, session }: Job,
  questions: readonly Scored[],
  order: readonly number[],
  from: number,
  to: number,
): BatchPart {
  let scored = Infinity;
  for (let i = node.lo; i < node.hi; i++) scored = Math.min(scored, questions[order[i]!]!.from - 1);
  const begin = Math.max(from, scored);
  const wanted = Array.from({ length: Math.max(0, to - begin) }, (_, i) => begin - from + i);
  return { session: session!, ids: questions[order[node.lo]!]!.tokens.subarray(from, to), wanted };
}

/** Adds what the token at `position` of an input predicts to the scores of those that want it. */
function record(
  { logits, max, logSum }: Prediction,
  position: number,
  { lo, hi }: TrieNode,
  questions: readonly Scored[],
  order: readonly number[],
  scores: Score[],
): void {
  for (let i = lo; i < hi; i++) {
    const { tokens, from } = questions[order[i]!]!;
    if (position < from - 1) continue;
    const logit = logits[tokens[position + 1]!]!;
    scores[i]!.logLikelihood += logit - logSum;
    if (logit < max) scores[i]!.greedy = false;
  }
}
