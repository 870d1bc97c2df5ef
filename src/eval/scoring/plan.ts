// In which order to score: questions sorted by their tokens, so that what several begin with stands once in a tree, in blocks
// that depend on nothing but the questions. A block's results can be kept and the rest made later, bit for bit the same.
import type { Scored } from "./encode.ts";

/** A stretch of tokens that the inputs of questions lo…hi−1 (positions in {@link Block.order}) have in common. */
export interface TrieNode {
  /** Where in the input it begins and ends. */
  start: number;
  end: number;
  lo: number;
  hi: number;
  children: TrieNode[];
}

/** Questions that are scored together. */
export interface Block {
  /** Indices of questions, sorted. */
  order: readonly number[];
  /** Tokens that go through the model. */
  tokens: number;
}

/** All questions of a task. */
export interface Plan {
  /** What all inputs begin with; none of its tokens are scored. */
  root: Int32Array;
  blocks: Block[];
  /** Tokens that go through the model, and those that would without sharing. */
  tokens: number;
  unshared: number;
}

/** Tokens of a block: some seconds of work, and many times what goes through the model at once. */
const blockTokens = 4096;

/** Plans the scoring of questions. What a question's input is: all of its tokens but the last. */
export function planScoring(questions: readonly Scored[]): Plan {
  const order = [...questions.keys()].sort(
    (a, b) => compareTokens(questions[a]!.tokens, questions[b]!.tokens) || a - b,
  );
  const shared = order.map((index, i) => {
    return i === 0 ? 0 : commonPrefix(questions[order[i - 1]!]!, questions[index]!);
  });
  const inputs = questions.map(({ tokens }) => tokens.length - 1);
  const unshared = inputs.reduce((sum, length) => sum + length, 0);
  const first = questions[order[0]!];
  if (first === undefined) return { root: new Int32Array(), blocks: [], tokens: 0, unshared };
  const common =
    questions.length < 2 ? 0 : shared.slice(1).reduce((least, length) => Math.min(least, length), Infinity);
  const rootLength = questions.reduce((least, { from }) => Math.min(least, from - 1), common);
  const blocks = cut(
    order,
    (i) => inputs[order[i]!]! - rootLength,
    (i) => shared[i]! - rootLength,
  );
  const tokens = rootLength + blocks.reduce((sum, block) => sum + block.tokens, 0);
  return { root: first.tokens.slice(0, rootLength), blocks, tokens, unshared };
}

/** The longest beginning that a cut may make both sides read, by how full the block is; the fullest first. */
const lossAt: readonly (readonly [fullness: number, tokens: number])[] = [
  [8, Infinity],
  [2, 64],
  [1, 8],
];

/** Cuts behind {@link blockTokens}, where neighbours share little behind the root. */
function cut(order: readonly number[], cost: (i: number) => number, shared: (i: number) => number): Block[] {
  const blocks: { order: number[]; tokens: number }[] = [];
  for (const [i, index] of order.entries()) {
    const open = blocks.at(-1);
    const [, loss = -1] = lossAt.find(([fullness]) => (open?.tokens ?? 0) >= fullness * blockTokens) ?? [];
    if (!open || shared(i) <= loss) blocks.push({ order: [index], tokens: cost(i) });
    else {
      open.order.push(index);
      open.tokens += cost(i) - shared(i);
    }
  }
  return blocks;
}

/** The tree of a block's inputs behind the root: the nodes that begin where it ends. */
export function buildTrie(questions: readonly Scored[], order: readonly number[], rootLength: number): TrieNode[] {
  const input = (i: number) => questions[order[i]!]!.tokens.length - 1;
  const shared = order.map((index, i) => (i === 0 ? 0 : commonPrefix(questions[order[i - 1]!]!, questions[index]!)));
  const build = (lo: number, hi: number, start: number): TrieNode[] => {
    const nodes: TrieNode[] = [];
    for (let begin = lo; begin < hi; ) {
      let end = begin + 1;
      while (end < hi && shared[end]! > start) end++;
      // Inputs that end here come first, being sorted before those that go on.
      let stop = input(begin);
      for (let i = begin + 1; i < end; i++) stop = Math.min(stop, shared[i]!);
      let rest = begin;
      while (rest < end && input(rest) === stop) rest++;
      nodes.push({ start, end: stop, lo: begin, hi: end, children: build(rest, end, stop) });
      begin = end;
    }
    return nodes;
  };
  return build(0, order.length, rootLength);
}

/** Tokens that two inputs begin with. */
function commonPrefix(a: Scored, b: Scored): number {
  const most = Math.min(a.tokens.length, b.tokens.length) - 1;
  let same = 0;
  while (same < most && a.tokens[same] === b.tokens[same]) same++;
  return same;
}

/** Order of two sequences: by all tokens but the last, then by that one. */
export function compareTokens(a: Int32Array, b: Int32Array): number {
  const most = Math.min(a.length, b.length) - 1;
  for (let i = 0; i < most; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length || a[most]! - b[most]!;
}
