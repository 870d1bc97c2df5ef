// Spec ↔ Hugging Face config.json. Whatever transformers' Llama can express is written as model_type "llama", so the
// float weights open there; the rest (LayerNorm, ungated FFN, int8 RoPE tables, layer repeat) is "handheld".
import * as z from "zod";
import { HandheldError, suggest } from "../errors.ts";
import { type Activation, createSpec, type FieldNames, type Spec, type SpecInput } from "./spec.ts";

/** Our activation → its name in transformers' ACT2FN; the first of several is the one written. */
const hfActivations: Record<Activation, readonly string[]> = {
  relu: ["relu"],
  silu: ["silu", "swish"],
  gelu: ["gelu"],
  gelu_tanh: ["gelu_pytorch_tanh", "gelu_new", "gelu_fast"],
  relu2: ["relu2"],
};

const hfNames: FieldNames = {
  layers: "num_hidden_layers",
  width: "hidden_size",
  ffnWidth: "intermediate_size",
  heads: "num_attention_heads",
  kvHeads: "num_key_value_heads",
  headSize: "head_dim",
  activation: "hidden_act",
  normEps: "rms_norm_eps",
  ropeBase: "rope_theta",
  tiedEmbeddings: "tie_word_embeddings",
  vocabulary: "vocab_size",
  context: "max_position_embeddings",
  norm: "norm_type",
  gated: "gated_mlp",
  ropeTable: "rope_table",
  layerRepeat: "layer_repeat",
};

/** What a config.json carries besides the architecture. */
export interface HfConfigExtras {
  bosTokenId?: number | null;
  eosTokenId?: number | null;
  padTokenId?: number | null;
  /** Type of the stored floats, as transformers spells it. Default float32. */
  dtype?: "float32" | "float16" | "bfloat16";
}

/** True when transformers' LlamaForCausalLM computes exactly this architecture. */
export function isLlama(spec: Spec): boolean {
  return spec.norm === "rms" && spec.gated && spec.ropeTable === "f32" && spec.layerRepeat === 1;
}

/** The config.json object of a spec. {@link fromHfConfig} reads it back to an equal spec. */
export function toHfConfig(spec: Spec, extras: HfConfigExtras = {}): Record<string, unknown> {
  const llama = isLlama(spec);
  return {
    architectures: [llama ? "LlamaForCausalLM" : "HandheldForCausalLM"],
    model_type: llama ? "llama" : "handheld",
    hidden_size: spec.width,
    intermediate_size: spec.ffnWidth,
    num_hidden_layers: spec.layers,
    num_attention_heads: spec.heads,
    num_key_value_heads: spec.kvHeads,
    head_dim: spec.headSize,
    hidden_act: hfActivations[spec.activation][0],
    rms_norm_eps: spec.normEps,
    rope_theta: spec.ropeBase,
    tie_word_embeddings: spec.tiedEmbeddings,
    vocab_size: spec.vocabulary,
    max_position_embeddings: spec.context,
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: extras.bosTokenId ?? null,
    eos_token_id: extras.eosTokenId ?? null,
    pad_token_id: extras.padTokenId ?? null,
    torch_dtype: extras.dtype ?? "float32",
    ...(llama
      ? {}
      : {
          norm_type: spec.norm,
          gated_mlp: spec.gated,
          rope_table: spec.ropeTable,
          layer_repeat: spec.layerRepeat,
        }),
  };
}

const number = z.number();
const optional = number.nullish();
const flag = z.boolean().nullish();
const hfFields = z.looseObject({
  model_type: z.string(),
  hidden_size: number,
  intermediate_size: number,
  num_hidden_layers: number,
  num_attention_heads: number,
  num_key_value_heads: optional,
  head_dim: optional,
  hidden_act: z.string().nullish(),
  rms_norm_eps: optional,
  rope_theta: optional,
  rope_parameters: z.looseObject({ rope_theta: optional, rope_type: z.string().nullish() }).nullish(),
  rope_scaling: z.looseObject({ rope_type: z.string().nullish(), type: z.string().nullish() }).nullish(),
  tie_word_embeddings: flag,
  vocab_size: number,
  max_position_embeddings: optional,
  attention_bias: flag,
  mlp_bias: flag,
  partial_rotary_factor: optional,
  share_embedding: flag,
  layer_sharing: flag,
  norm_type: z.string().nullish(),
  gated_mlp: flag,
  rope_table: z.string().nullish(),
  layer_repeat: optional,
});
type HfFields = z.infer<typeof hfFields>;

// What each family's own configuration class adds or assumes where config.json is silent.
const families: Record<string, (config: HfFields) => Partial<SpecInput>> = {
  llama: (config) => ({ tiedEmbeddings: config.tie_word_embeddings ?? false }),
  phonelm: (config) => ({ tiedEmbeddings: config.tie_word_embeddings ?? true, ropeTable: "int8" }),
  mobilellm: (config) => ({
    tiedEmbeddings: config.share_embedding ?? config.tie_word_embeddings ?? true,
    layerRepeat: config.layer_sharing ? 2 : 1,
  }),
  handheld: (config) => ({
    tiedEmbeddings: config.tie_word_embeddings ?? true,
    ...given("norm", config.norm_type as Spec["norm"] | null | undefined),
    ...given("gated", config.gated_mlp),
    ...given("ropeTable", config.rope_table as Spec["ropeTable"] | null | undefined),
    ...given("layerRepeat", config.layer_repeat),
  }),
};

/**
 * Reads the architecture out of a parsed config.json (model_type llama, phonelm, mobilellm or handheld).
 *
 * @throws HandheldError `invalid-spec` naming the field in config.json's words, or `unsupported` for biases, scaled or
 *   partial RoPE and other model types.
 */
export function fromHfConfig(json: unknown, where = "config.json"): Spec {
  const result = hfFields.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    const field = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    throw new HandheldError("invalid-spec", `${where}: ${field}${issue.message}`);
  }
  const config = result.data;
  const family = Object.hasOwn(families, config.model_type) ? families[config.model_type] : undefined;
  if (family === undefined) {
    const known = Object.keys(families);
    const hint = suggest(config.model_type, known) || `; known: ${known.join(", ")}`;
    throw new HandheldError("unsupported", `${where}: model_type "${config.model_type}" is not supported${hint}`);
  }
  rejectUnsupported(config, where);
  const input = {
    layers: config.num_hidden_layers,
    width: config.hidden_size,
    ffnWidth: config.intermediate_size,
    heads: config.num_attention_heads,
    vocabulary: config.vocab_size,
    ...given("kvHeads", config.num_key_value_heads),
    ...given("headSize", config.head_dim),
    ...given("normEps", config.rms_norm_eps),
    ...given("ropeBase", config.rope_parameters?.rope_theta ?? config.rope_theta),
    ...given("context", config.max_position_embeddings),
    activation: readActivation(config.hidden_act ?? "silu", where),
    ...family(config),
  };
  return createSpec(input, where, hfNames);
}

function readActivation(name: string, where: string): Activation {
  for (const [activation, names] of Object.entries(hfActivations)) {
    if (names.includes(name)) return activation as Activation;
  }
  const known = Object.values(hfActivations).flat();
  const hint = suggest(name, known) || `; known: ${known.join(", ")}`;
  throw new HandheldError("unsupported", `${where}: hidden_act "${name}" is not supported${hint}`);
}

function rejectUnsupported(config: HfFields, where: string): void {
  const fail = (reason: string) => new HandheldError("unsupported", `${where}: ${reason}`);
  if (config.attention_bias) throw fail("attention_bias true is not supported; linear layers have no biases here");
  if (config.mlp_bias) throw fail("mlp_bias true is not supported; linear layers have no biases here");
  const rope = config.rope_parameters ?? config.rope_scaling;
  const type = rope?.rope_type ?? config.rope_scaling?.type ?? "default";
  if (type !== "default") throw fail(`rope type "${type}" is not supported; only "default" is`);
  if ((config.partial_rotary_factor ?? 1) !== 1) {
    throw fail(`partial_rotary_factor ${config.partial_rotary_factor} is not supported; RoPE turns the whole head`);
  }
}

// `{ [key]: value }`, or nothing where the file says null or nothing, so that createSpec's default applies.
function given<K extends keyof Spec>(key: K, value: Spec[K] | null | undefined): Partial<Pick<Spec, K>> {
  return value === null || value === undefined ? {} : ({ [key]: value } as Pick<Spec, K>);
}
