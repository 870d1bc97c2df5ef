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

const fields = z.strictObject({
  /** Distinct blocks, L. With `layerRepeat` r the model executes L·r blocks. */
  layers: z.number().int().positive().max(4096),
  /** Width of the residual stream, C. */
  width: size,
  /** Width of the FFN's hidden layer, F. */
  ffnWidth: size,
  /** Query heads, H. */
  heads: size,
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
});

/** A validated architecture. Every field is set. */
export type Spec = z.infer<typeof fields>;

/** What a user must give; the rest has defaults (see {@link createSpec}). */
export type SpecInput = Partial<Spec> & Pick<Spec, "layers" | "width" | "ffnWidth" | "heads" | "vocabulary">;

const defaults = {
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
 * Defaults: kvHeads = heads, headSize = width / heads, ReLU gated FFN, RMSNorm with eps 1e-6, RoPE base 10,000 with f32
 * tables, tied embeddings, no layer repeat, context 2,048.
 * @throws HandheldError `invalid-spec`, naming the field, what arrived and a value that would do. `where` prefixes it.
 */
export function createSpec(input: SpecInput, where = "spec", names: FieldNames = {}): Spec {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const evenSplit = input.width / input.heads;
  const merged: Record<string, unknown> = {
    kvHeads: input.heads,
    headSize: Number.isFinite(evenSplit) ? Math.max(1, Math.floor(evenSplit)) : 1,
    ...defaults,
    ...given,
  };
  const result = fields.safeParse(merged);
  if (!result.success) throw fieldError(result.error.issues[0]!, merged, where, names);
  checkHeads(result.data, given.headSize === undefined, where, names);
  return result.data;
}

function checkHeads(spec: Spec, split: boolean, where: string, names: FieldNames): void {
  const { width, heads, kvHeads, headSize } = spec;
  const name = (key: keyof Spec) => names[key] ?? key;
  const fail = (reason: string) => new HandheldError("invalid-spec", `${where}: ${reason}`);
  if (split && width % heads !== 0) {
    const hint = `use ${nearestDivisor(width, heads)}, or give ${name("headSize")}`;
    throw fail(`${name("heads")} ${heads} does not divide ${name("width")} ${width}; ${hint}`);
  }
  if (heads % kvHeads !== 0) {
    const hint = `use ${nearestDivisor(heads, kvHeads)}`;
    throw fail(`${name("kvHeads")} ${kvHeads} does not divide ${name("heads")} ${heads}; ${hint}`);
  }
  if (headSize % 2 !== 0) {
    throw fail(`${name("headSize")} ${headSize} is odd and RoPE needs an even one; use ${headSize + 1}`);
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
