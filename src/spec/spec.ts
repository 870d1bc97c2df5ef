// The architecture of a decoder-only transformer as validated data. Knows nothing of weights or kernels.
import * as z from "zod";
import { HandheldError, quoteValue, suggest } from "../errors.ts";

export const activations = ["relu", "silu", "gelu", "gelu_tanh", "relu2"] as const;
/** FFN activation. `relu2` is the square of ReLU. */
export type Activation = (typeof activations)[number];

const size = z
  .number()
  .int()
  .positive()
  .max(1 << 24);

const limit = z.number().nonnegative().max(1e6);

/** How RoPE reaches contexts longer than its base was made for. */
const ropeScaling = z.discriminatedUnion("type", [
  /** Positions divided by `factor` (Chen et al. 2023). */
  z.strictObject({ type: z.literal("linear"), factor: z.number().positive() }),
  /** Llama 3.1: low frequencies divided by `factor`, high ones kept, a smooth change between. */
  z.strictObject({
    type: z.literal("llama3"),
    factor: z.number().positive(),
    lowFrequency: z.number().positive(),
    highFrequency: z.number().positive(),
    /** Context before scaling, in tokens. */
    original: size,
  }),
  /** LongRoPE (Ding et al. 2024): each frequency divided by its own factor; other factors beyond `original` tokens. */
  z.strictObject({
    type: z.literal("longrope"),
    /** Factors [ropeSize / 2] for sequences of at most `original` tokens, and for longer ones. */
    short: z.array(z.number().positive()),
    long: z.array(z.number().positive()),
    original: size,
    /** Factor of all cosines and sines. */
    magnitude: z.number().positive(),
  }),
]);
/** See {@link Spec.ropeScaling}. */
export type RopeScaling = z.infer<typeof ropeScaling>;

const shapeFields = z.strictObject({ heads: size, kvHeads: size, ffnWidth: size });
/** Sizes that may differ from block to block. */
export type LayerShape = z.infer<typeof shapeFields>;

const fields = z.strictObject({
  /** Distinct blocks, L. With `layerRepeat` r the model executes L·r blocks. */
  layers: size.max(1024),
  /** Width of the residual stream, C. */
  width: size,
  /** Width of the FFN's hidden layer, F. */
  ffnWidth: size,
  /** Query heads, H. */
  heads: size.max(1024),
  /** Key/value heads, K; divides `heads` (grouped-query attention). */
  kvHeads: size,
  /** Size of one head, D; even. Default: width / heads. */
  headSize: size,
  activation: z.enum(activations),
  /** Gated FFN: down(act(gate(x)) · up(x)); otherwise down(act(up(x))). */
  gated: z.boolean(),
  /** RMSNorm has a weight; LayerNorm a weight and a bias. */
  norm: z.enum(["rms", "layer"]),
  normEps: z.number().positive().max(0.1),
  ropeBase: z.number().positive(),
  /** `int8`: cosine and sine tables rounded to 8 bits, as PhoneLM section 3.1. */
  ropeTable: z.enum(["f32", "int8"]),
  /** The output head shares the embedding's weights. */
  tiedEmbeddings: z.boolean(),
  /** Each block runs this many times back to back (MobileLLM's immediate block-wise sharing). */
  layerRepeat: z.number().int().min(1).max(16),
  /** Vocabulary size, V. */
  vocabulary: size,
  /** Longest sequence, in tokens. */
  context: size,

  // Options of published architectures. The runtime knows them all, training only their defaults (see untrainable).
  /**
   * Where a block's norms n stand around a branch f, attention or FFN. `pre`: x + f(n(x)). `sandwich`: x + n′(f(n(x)))
   * (Gemma 2). `output`: x + n(f(x)) (OLMo 2). `post`: n(x + f(x)), and no final norm (OPT-350M). `stream`: y + f(y) with
   * y = n(x) (BLOOM's apply_residual_connection_post_layernorm).
   */
  normPlacement: z.enum(["pre", "sandwich", "output", "post", "stream"]),
  /** Attention and FFN both read the block's input: x + attention(n(x)) + ffn(n′(x)). */
  parallelResidual: z.boolean(),
  /** A norm of the embedding (BLOOM). */
  embeddingNorm: z.boolean(),
  /** Width of embedding and head, E; where it is not C, a matrix leads from one to the other and back (OPT-350M). */
  embeddingWidth: size,
  /** All blocks share the FFN of the first (MobiLlama). */
  sharedFfn: z.boolean(),
  /** Each block's own sizes (OpenELM); `heads`, `kvHeads` and `ffnWidth` are then the largest. */
  layerShapes: z.array(shapeFields).nullable(),
  qkvBias: z.boolean(),
  /** Bias of the attention's output projection. */
  outputBias: z.boolean(),
  ffnBias: z.boolean(),
  headBias: z.boolean(),
  /** Queries and keys are normed before RoPE: each head, or all heads of a token together (`width`, OLMo 2). */
  qkNorm: z.enum(["none", "head", "width"]),
  /** Queries, keys and values are clamped to ± this; 0: not. */
  qkvClip: limit,
  /** Attention scores s become cap · tanh(s / cap) (Gemma 2); 0: not. Logits alike. */
  attentionCap: limit,
  logitCap: limit,
  /** A token attends to this many, itself included; 0: to all. */
  slidingWindow: z.number().int().nonnegative(),
  /** Blocks, from 0, that attend to all tokens in spite of `slidingWindow`. */
  fullLayers: z.array(z.number().int().nonnegative()),
  /** `learned`: a table of vectors that is added to the embedding. `alibi`: a penalty by distance (Press et al. 2022). */
  positions: z.enum(["rope", "learned", "alibi"]),
  /** Numbers of a head that RoPE turns, the first ones; even. */
  ropeSize: size,
  ropeScaling: ropeScaling.nullable(),
  /** Base of unscaled RoPE in the blocks with a sliding window, where it is another (Gemma 3). */
  localRopeBase: z.number().positive().nullable(),
  /**
   * Multi-head latent attention (DeepSeek-V2): queries come from a normed vector of `query` numbers, keys and values from
   * one of `keyValue`, both norms with `normEps`; the `ropeSize` numbers of a key that turn are the same for all heads; a
   * head's value has `valueSize`. `qkvBias` is then the bias of the projections to these vectors.
   */
  latent: z
    .strictObject({ query: size, keyValue: size, valueSize: size, normEps: z.number().positive().max(0.1) })
    .nullable(),
});

/** A validated architecture. Every field is set. */
export type Spec = z.infer<typeof fields>;

/** What a user must give; the rest has defaults (see {@link createSpec}). */
export type SpecInput = Partial<Spec> & Pick<Spec, "layers" | "width" | "ffnWidth" | "heads" | "vocabulary">;

/** What the options of published architectures are where they are not used. */
export const plainOptions = {
  normPlacement: "pre",
  parallelResidual: false,
  embeddingNorm: false,
  sharedFfn: false,
  layerShapes: null,
  qkvBias: false,
  outputBias: false,
  ffnBias: false,
  headBias: false,
  qkNorm: "none",
  qkvClip: 0,
  attentionCap: 0,
  logitCap: 0,
  slidingWindow: 0,
  fullLayers: [],
  positions: "rope",
  ropeScaling: null,
  localRopeBase: null,
  latent: null,
} as const;

const defaults = {
  ...plainOptions,
  activation: "relu",
  gated: true,
  norm: "rms",
  normEps: 1e-6,
  ropeBase: 10_000,
  ropeTable: "f32",
  tiedEmbeddings: true,
  layerRepeat: 1,
  context: 2048,
};

/** How a file format calls the fields, so that errors use the words its reader sees. */
export type FieldNames = Partial<Record<keyof Spec, string>>;

/**
 * Fills in defaults and validates.
 *
 * Defaults: kvHeads = heads, headSize = width / heads, ReLU gated FFN, RMSNorm with eps 1e-6, RoPE base 10,000 over the
 * whole head with f32 tables, tied embeddings, no layer repeat, context 2,048, none of the options below these.
 * @throws HandheldError `invalid-spec`, naming the field, what arrived and a value that would do. `where` prefixes it.
 */
export function createSpec(input: SpecInput, where = "spec", names: FieldNames = {}): Spec {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const evenSplit = input.width / input.heads;
  const merged: Record<string, unknown> = {
    kvHeads: input.heads,
    headSize: Number.isFinite(evenSplit) ? Math.max(1, Math.floor(evenSplit)) : 1,
    embeddingWidth: input.width,
    ...defaults,
    ...given,
  };
  merged.ropeSize ??= merged.headSize;
  const result = fields.safeParse(merged);
  if (!result.success) throw fieldError(result.error.issues[0]!, merged, where, names);
  checkHeads(result.data, given.headSize === undefined, where, names);
  checkOptions(result.data, where, names);
  return result.data;
}

/** The first option that only the runtime knows, in words; null where the architecture can also be trained here. */
export function untrainable(spec: Spec): string | null {
  if (spec.embeddingWidth !== spec.width) return `embeddingWidth ${spec.embeddingWidth}`;
  if (spec.ropeSize !== spec.headSize) return `ropeSize ${spec.ropeSize}`;
  for (const [key, plain] of Object.entries(plainOptions)) {
    const value = JSON.stringify(spec[key as keyof Spec]);
    if (value !== JSON.stringify(plain)) return `${key} ${value}`;
  }
  return null;
}

/** Heads, key/value heads and FFN width of block i. */
export function layerShape(spec: Spec, i: number): LayerShape {
  return spec.layerShapes?.[i] ?? spec;
}

/** Tokens that block i attends to, the last one included; 0: all. */
export function layerWindow(spec: Spec, i: number): number {
  return spec.fullLayers.includes(i) ? 0 : spec.slidingWindow;
}

function checkHeads(spec: Spec, split: boolean, where: string, names: FieldNames): void {
  const { width, heads, kvHeads, headSize } = spec;
  const name = (key: keyof Spec) => names[key] ?? key;
  const fail = (reason: string) => new HandheldError("invalid-spec", `${where}: ${reason}`);
  if (split && width % heads !== 0) {
    const hint = `use ${nearestDivisor(width, heads)}, or give ${name("headSize")}`;
    throw fail(`${name("heads")} ${heads} does not divide ${name("width")} ${width}; ${hint}`);
  }
  if (heads * headSize > 1 << 20) {
    throw fail(`${name("heads")} ${heads} of ${name("headSize")} ${headSize} are more than any model has`);
  }
  if (heads % kvHeads !== 0) {
    const hint = `use ${nearestDivisor(heads, kvHeads)}`;
    throw fail(`${name("kvHeads")} ${kvHeads} does not divide ${name("heads")} ${heads}; ${hint}`);
  }
  if (headSize % 2 !== 0) {
    throw fail(`${name("headSize")} ${headSize} is odd and RoPE needs an even one; use ${headSize + 1}`);
  }
}

function checkOptions(spec: Spec, where: string, names: FieldNames): void {
  const { headSize, ropeSize, layers, layerShapes, ropeScaling: scaling } = spec;
  const name = (key: keyof Spec) => names[key] ?? key;
  const fail = (reason: string) => new HandheldError("invalid-spec", `${where}: ${reason}`);
  if (ropeSize > headSize || ropeSize % 2 !== 0) {
    throw fail(`${name("ropeSize")} ${ropeSize} must be even and at most the head's ${headSize}`);
  }
  if (layerShapes !== null) {
    if (layerShapes.length !== layers) {
      throw fail(`${name("layerShapes")}: ${layerShapes.length} given for ${name("layers")} ${layers}`);
    }
    const odd = layerShapes.findIndex(({ heads, kvHeads }) => heads % kvHeads !== 0);
    if (odd >= 0) throw fail(`${name("layerShapes")}: block ${odd}: the key/value heads do not divide the heads`);
    for (const key of ["heads", "kvHeads", "ffnWidth"] as const) {
      const most = layerShapes.reduce((so, shape) => Math.max(so, shape[key]), 0);
      if (most !== spec[key]) throw fail(`${name(key)} ${spec[key]} is not the largest of the blocks', ${most}`);
    }
  }
  if (scaling?.type === "longrope") {
    for (const kind of ["short", "long"] as const) {
      const count = scaling[kind].length;
      if (count !== ropeSize / 2)
        throw fail(`${name("ropeScaling")}: ${count} ${kind} factors, ${ropeSize / 2} needed`);
    }
  }
  if (spec.parallelResidual && spec.normPlacement !== "pre") {
    throw fail(`${name("parallelResidual")} needs ${name("normPlacement")} "pre", got "${spec.normPlacement}"`);
  }
  if (spec.latent !== null && (spec.kvHeads !== spec.heads || spec.latent.valueSize > headSize)) {
    throw fail(`${name("latent")}: needs as many key/value heads as heads, and values no larger than a head`);
  }
}

function fieldError(
  issue: z.core.$ZodIssue,
  merged: Record<string, unknown>,
  where: string,
  names: FieldNames,
): HandheldError {
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const hint = suggest(key, Object.keys(fields.shape));
    return new HandheldError("invalid-spec", `${where}: unknown field "${key}"${hint || "; remove it"}`);
  }
  const key = issue.path.join(".");
  const got = merged[key] === undefined ? "nothing" : quoteValue(merged[key]);
  return new HandheldError(
    "invalid-spec",
    `${where}: ${names[key as keyof Spec] ?? key}: ${issue.message} (got ${got})`,
  );
}

/** The divisor of `n` that is nearest to `wanted`, for error messages that say what would do. */
function nearestDivisor(n: number, wanted: number): number {
  let best = 1;
  for (let d = 1; d * d <= n; d++) {
    if (n % d !== 0) continue;
    for (const divisor of [d, n / d]) {
      const gain = Math.abs(best - wanted) - Math.abs(divisor - wanted);
      if (gain > 0 || (gain === 0 && divisor < best)) best = divisor;
    }
  }
  return best;
}
