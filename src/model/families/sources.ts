// Builds the sources of a decoder's tensors from how a family names and arranges them. Constant factors of published
// architectures (embedding and residual multipliers, attention and logit scales) end up in the weights, so that the
// runtime needs no option for them: a tied embedding's factor is taken back in the final norm.
import { layerShape, type Spec } from "../../spec/spec.ts";
import {
  biasName,
  blockNames,
  embeddingInName,
  embeddingName,
  embeddingNormName,
  embeddingOutName,
  finalNormName,
  headName,
  positionsName,
} from "../layout.ts";
import type { TensorSource } from "./family.ts";

/** A stored matrix by its name without `.weight`, or those of its rows that are ours, in our order; null: none exists. Rows are listed
 * when they are read: config.json may claim more of them than any file has. */
export type Stored = string | { name: string; rows: () => readonly number[]; storedRows: number } | null;

/** Names of one block's tensors, without `.weight` and `.bias`. */
export interface BlockScheme {
  inputNorm: Stored;
  query: Stored;
  key: Stored;
  value: Stored;
  /** Or a tensor [D] for each head, without a bias. */
  queryNorm?: Stored | readonly string[];
  keyNorm?: Stored | readonly string[];
  output: string;
  outputNorm?: Stored;
  postNorm: Stored;
  gate?: Stored;
  up: Stored;
  down: string;
  downNorm?: Stored;
}

/** How a family stores a model. */
export interface Scheme {
  embedding: string;
  embeddingIn?: string;
  embeddingOut?: string;
  embeddingNorm?: string;
  positions?: string;
  /** Rows of the table of positions before the first. */
  positionsOffset?: number;
  finalNorm: Stored;
  head: string;
  block: (i: number) => BlockScheme;
  /** Matrices are stored [in, out], as those of GPT-2. */
  transposed?: boolean;
  /** Added to stored norm weights: 1 where the file has w for a factor of 1 + w. */
  normPlus?: number;
  /** Norms of queries and keys are stored for one head [D], and the same for all. */
  sharedHeadNorm?: boolean;
  /** Factors, default 1: of the embedding, of both branches of a block, of the scores beside 1/sqrt(D), of logits. */
  embeddingScale?: number;
  residualScale?: number;
  scoreScale?: (i: number) => number;
  logitScale?: number;
}

/** Llama's names, with which most families begin. */
export const llamaScheme: Scheme = {
  embedding: "model.embed_tokens",
  finalNorm: "model.norm",
  head: "lm_head",
  block: (i) => llamaBlock(i),
};

/** A block of {@link llamaScheme}. */
export function llamaBlock(i: number): BlockScheme {
  const block = `model.layers.${i}`;
  return {
    inputNorm: `${block}.input_layernorm`,
    query: `${block}.self_attn.q_proj`,
    key: `${block}.self_attn.k_proj`,
    value: `${block}.self_attn.v_proj`,
    queryNorm: `${block}.self_attn.q_norm`,
    keyNorm: `${block}.self_attn.k_norm`,
    output: `${block}.self_attn.o_proj`,
    postNorm: `${block}.post_attention_layernorm`,
    gate: `${block}.mlp.gate_proj`,
    up: `${block}.mlp.up_proj`,
    down: `${block}.mlp.down_proj`,
  };
}

/** `count` whole numbers from `first` on. */
export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

/** Rows `first`.. of a matrix of `storedRows` rows that holds several of ours, one after the other. */
export function slice(name: string, first: number, count: number, storedRows: number): Stored {
  return { name, rows: () => range(first, count), storedRows };
}

/** Query, key or value (part 0, 1, 2) of a matrix in which the heads' rows of all three alternate [heads, 3, D]. */
export function alternating(name: string, part: number, heads: number, D: number): Stored {
  const rows = () => range(0, heads * D).map((row) => (Math.floor(row / D) * 3 + part) * D + (row % D));
  return { name, rows, storedRows: 3 * heads * D };
}

/**
 * The stored number of a head at each of our places: RoPE turns the pairs (j, j + R/2) of the first R numbers there, and
 * (j, j + D/2), j < R/2, here. Scores are the same for any order that queries and keys share.
 */
export function headOrder(D: number, R: number, turning = range(0, R), still = range(R, D - R)): number[] {
  const rest = (D - R) / 2;
  return [...turning.slice(0, R / 2), ...still.slice(0, rest), ...turning.slice(R / 2), ...still.slice(rest)];
}

/** Sources of every tensor of `spec`. */
export function sources(spec: Spec, scheme: Scheme): TensorSource[] {
  const { width: C, embeddingWidth: E, vocabulary: V } = spec;
  const { embeddingScale = 1, logitScale = 1, positionsOffset = 0 } = scheme;
  const list: TensorSource[] = [weight(embeddingName, scheme.embedding, [V, E], embeddingScale)];
  if (E !== C) {
    list.push(weight(embeddingInName, scheme.embeddingIn!, [C, E]));
    list.push(weight(embeddingOutName, scheme.embeddingOut!, [E, C]));
  }
  if (scheme.positions) {
    const shape = [spec.context + positionsOffset, C];
    const convert = (stored: Float32Array<ArrayBuffer>) => stored.subarray(positionsOffset * C);
    list.push({ ...weight(positionsName, scheme.positions, shape), convert });
  }
  if (scheme.embeddingNorm) list.push(...new Block(spec, scheme, 0).norm(embeddingNormName, scheme.embeddingNorm, C));
  for (let i = 0; i < spec.layers; i++) list.push(...new Block(spec, scheme, i).sources());
  // Where the embedding is the head too, the last norm takes back what the embedding was multiplied by.
  const finalScale = spec.tiedEmbeddings ? logitScale / embeddingScale : logitScale;
  if (spec.normPlacement !== "post") {
    list.push(...new Block(spec, scheme, 0).norm(finalNormName, scheme.finalNorm, C, finalScale));
  }
  if (!spec.tiedEmbeddings) list.push(weight(headName, scheme.head, [V, E]));
  if (spec.headBias) list.push({ to: biasName(headName), from: `${scheme.head}.bias`, shape: [V] });
  return list;
}

function weight(to: string, from: string, shape: readonly number[], scale = 1): TensorSource {
  return { to, from: `${from}.weight`, shape, scale };
}

/** The sources of one block. */
class Block {
  private readonly spec: Spec;
  private readonly scheme: Scheme;
  private readonly i: number;

  constructor(spec: Spec, scheme: Scheme, i: number) {
    this.spec = spec;
    this.scheme = scheme;
    this.i = i;
  }

  sources(): TensorSource[] {
    const { spec, scheme, i } = this;
    const { width: C } = spec;
    const { ffnWidth: F } = layerShape(spec, i);
    const names = blockNames(spec, i);
    const theirs = scheme.block(i);
    const { residualScale = 1 } = scheme;
    const ownFfn = i === 0 || !spec.sharedFfn;
    return [
      ...this.norm(names.inputNorm, theirs.inputNorm, C),
      ...(spec.latent === null ? this.attention(theirs) : []),
      ...this.norm(names.outputNorm, theirs.outputNorm, C),
      ...this.norm(names.postNorm, theirs.postNorm, C),
      ...(ownFfn && names.gate ? this.linear(names.gate, theirs.gate!, F, C, spec.ffnBias) : []),
      ...(ownFfn ? this.linear(names.up, theirs.up, F, C, spec.ffnBias) : []),
      ...(ownFfn ? this.linear(names.down, theirs.down, C, F, spec.ffnBias, residualScale) : []),
      ...this.norm(names.downNorm, theirs.downNorm, C),
    ];
  }

  private attention(theirs: BlockScheme): TensorSource[] {
    const { spec, scheme, i } = this;
    const { width: C, headSize: D, qkvBias } = spec;
    const { heads, kvHeads } = layerShape(spec, i);
    const names = blockNames(spec, i);
    const scoreScale = scheme.scoreScale?.(i) ?? 1;
    const normed = names.queryNorm !== undefined;
    const queryScale = normed ? 1 : scoreScale;
    return [
      ...this.linear(names.query, this.turned(theirs.query, heads), heads * D, C, qkvBias, queryScale),
      ...this.linear(names.key, this.turned(theirs.key, kvHeads), kvHeads * D, C, qkvBias),
      ...this.linear(names.value, theirs.value, kvHeads * D, C, qkvBias),
      ...this.headNorm(names.queryNorm, theirs.queryNorm, heads, scoreScale),
      ...this.headNorm(names.keyNorm, theirs.keyNorm, kvHeads, 1),
      ...this.linear(names.output, theirs.output, C, heads * D, spec.outputBias, scheme.residualScale),
    ];
  }

  /** Rows of queries or keys in our order within each head. */
  private turned(stored: Stored, heads: number): Stored {
    const { headSize: D, ropeSize: R } = this.spec;
    if (stored === null || R === D) return stored;
    const whole =
      typeof stored === "string" ? { name: stored, rows: () => range(0, heads * D), storedRows: heads * D } : stored;
    const rows = () => {
      const order = headOrder(D, R);
      const theirs = whole.rows();
      return theirs.map((_, row) => theirs[row - (row % D) + order[row % D]!]!);
    };
    return { ...whole, rows };
  }

  private headNorm(
    to: string | undefined,
    stored: BlockScheme["queryNorm"],
    heads: number,
    scale: number,
  ): TensorSource[] {
    if (to === undefined) return [];
    const { headSize: D, ropeSize: R } = this.spec;
    const { sharedHeadNorm } = this.scheme;
    const order = () => headOrder(D, R);
    if (Array.isArray(stored)) {
      return stored.flatMap((name, h) => {
        const ofHead = this.norm(to, { name, rows: order, storedRows: D }, D, scale, false);
        return ofHead.map((source) => ({ ...source, at: h * D }));
      });
    }
    const rows = () => {
      const ofHead = order();
      return range(0, heads * D).map((row) => (sharedHeadNorm ? 0 : row - (row % D)) + ofHead[row % D]!);
    };
    const turned = { name: stored as string, rows, storedRows: sharedHeadNorm ? D : heads * D };
    return this.norm(to, turned, heads * D, scale);
  }

  /** A norm's weight and bias; where the file has none, the constants that do nothing. */
  norm(to: string | undefined, stored: Stored | undefined, width: number, scale = 1, biased = true): TensorSource[] {
    if (to === undefined) return [];
    const { spec, scheme } = this;
    const plus = (scheme.normPlus ?? 0) * scale;
    const none = { from: null, shape: [] };
    const list: TensorSource[] = [
      stored ? { to, ...vector(stored, "weight", width), scale, plus } : { to, ...none, plus: scale },
    ];
    if (spec.norm !== "layer") return list;
    const bias = biasName(to);
    const has = stored && biased;
    return [...list, has ? { to: bias, ...vector(stored, "bias", width), scale } : { to: bias, ...none, plus: 0 }];
  }

  private linear(to: string, stored: Stored, rows: number, columns: number, bias: boolean, scale = 1): TensorSource[] {
    const whole = typeof stored === "string" ? { name: stored, rows: null, storedRows: rows } : stored!;
    const { name, storedRows } = whole;
    const { transposed = false } = this.scheme;
    const same = whole.rows === null && !transposed;
    const list: TensorSource[] = [
      {
        to,
        from: `${name}.weight`,
        shape: transposed ? [columns, storedRows] : [storedRows, columns],
        scale,
        ...(same ? {} : { convert: (stored) => pick(stored, whole.rows?.() ?? range(0, rows), columns, transposed) }),
      },
    ];
    if (bias) list.push({ to: biasName(to), ...vector(stored!, "bias", rows), scale });
    return list;
  }
}

function vector(stored: Stored, kind: "weight" | "bias", width: number): Omit<TensorSource, "to"> {
  if (typeof stored === "string") return { from: `${stored}.${kind}`, shape: [width] };
  const { name, rows, storedRows } = stored!;
  return { from: `${name}.${kind}`, shape: [storedRows], convert: (values) => pick(values, rows(), 1, false) };
}

/** A matrix of the stored matrix's rows `rows`; `transposed`: of its columns. */
function pick(
  stored: Float32Array,
  rows: readonly number[],
  columns: number,
  transposed: boolean,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows.length * columns);
  const storedRows = stored.length / columns;
  rows.forEach((row, to) => {
    if (!transposed) out.set(stored.subarray(row * columns, (row + 1) * columns), to * columns);
    else for (let j = 0; j < columns; j++) out[to * columns + j] = stored[j * storedRows + row]!;
  });
  return out;
}
