// The architecture of a decoder-only transformer as validated data. Knows nothing of weights or kernels.
import { z } from "zod";
import { HandheldError } from "../errors.ts";

export const activations = ["relu", "silu", "gelu", "gelu_tanh", "relu2"] as const;
/** FFN activation. `relu2` is the square of ReLU. */
export type Activation = (typeof activations)[number];

const size = z.number().int().positive().max(1 << 24);

const fields = z.strictObject({
  /** Distinct blocks, L. With `layerRepeat` r the model executes L·r blocks. */
  layers: size,
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

/**
 * Fills in defaults and validates.
 *
 * Defaults: kvHeads = heads, headSize = width / heads, ReLU gated FFN, RMSNorm with eps 1e-6, RoPE base 10,000 with f32
 * tables, tied embeddings, no layer repeat, context 2,048.
 * @throws HandheldError `invalid-spec`, naming the field, what arrived and a value that would do. `where` prefixes it.
 */
export function createSpec(input: SpecInput, where = "spec"): Spec {
  const merged = {
    kvHeads: input.heads,
    headSize: input.width / input.heads,
    activation: "relu",
    gated: true,
    norm: "rms",
    normEps: 1e-6,
    ropeBase: 10_000,
    ropeTable: "f32",
    tiedEmbeddings: true,
    layerRepeat: 1,
    context: 2048,
    ...input,
  };
  if (input.headSize === undefined && merged.headSize % 1 !== 0) {
    throw new HandheldError(
      "invalid-spec",
      `${where}: heads ${input.heads} does not divide width ${input.width}; use ${nearestDivisor(input.width, input.heads)} heads, or give headSize`,
    );
  }
  const result = fields.safeParse(merged);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const key = issue.path.join(".");
    const got = key === "" ? "" : ` (got ${JSON.stringify((merged as Record<string, unknown>)[key])})`;
    throw new HandheldError("invalid-spec", `${where}: ${key === "" ? "" : `${key}: `}${issue.message}${got}`);
  }
  const spec = result.data;
  if (spec.heads % spec.kvHeads !== 0) {
    throw new HandheldError(
      "invalid-spec",
      `${where}: kvHeads ${spec.kvHeads} does not divide heads ${spec.heads}; use ${nearestDivisor(spec.heads, spec.kvHeads)}`,
    );
  }
  if (spec.headSize % 2 !== 0) {
    throw new HandheldError("invalid-spec", `${where}: headSize ${spec.headSize} is odd, RoPE needs an even one`);
  }
  return spec;
}

function nearestDivisor(n: number, wanted: number): number {
  let best = 1;
  for (let d = 1; d <= n; d++) if (n % d === 0 && Math.abs(d - wanted) < Math.abs(best - wanted)) best = d;
  return best;
}
