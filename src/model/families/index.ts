// The registry of families, by the model_type of their config.json: a new one is its file and a line here.
import { suggest } from "../../errors.ts";
import { createSpec, type FieldNames, type Spec } from "../../spec/spec.ts";
import { bloom } from "./bloom.ts";
import { ConfigReader } from "./config-reader.ts";
import type { Family, TensorSource } from "./family.ts";
import { gemma } from "./gemma.ts";
import { gemma2 } from "./gemma2.ts";
import { gemma3 } from "./gemma3.ts";
import { gptNeox } from "./gpt-neox.ts";
import { gpt2 } from "./gpt2.ts";
import { granite } from "./granite.ts";
import { handheld } from "./handheld.ts";
import { llama } from "./llama.ts";
import { minicpm } from "./minicpm.ts";
import { minicpm3 } from "./minicpm3.ts";
import { mistral } from "./mistral.ts";
import { mobilellm } from "./mobilellm.ts";
import { mobillama } from "./mobillama.ts";
import { nemotron } from "./nemotron.ts";
import { olmo } from "./olmo.ts";
import { olmo2 } from "./olmo2.ts";
import { openelm } from "./openelm.ts";
import { opt } from "./opt.ts";
import { phi } from "./phi.ts";
import { phi3 } from "./phi3.ts";
import { phonelm } from "./phonelm.ts";
import { qwen } from "./qwen.ts";
import { qwen2 } from "./qwen2.ts";
import { qwen3 } from "./qwen3.ts";
import { stablelm } from "./stablelm.ts";

const families: Record<string, Family> = {
  phonelm,
  mobilellm,
  llama,
  fox: llama, // Fox 1 computes what Llama does
  mobillama,
  qwen,
  qwen2,
  qwen3,
  mistral,
  gpt2,
  gpt_neox: gptNeox,
  opt,
  bloom,
  phi,
  phi3,
  stablelm,
  gemma,
  gemma2,
  gemma3_text: gemma3,
  minicpm,
  minicpm3,
  openelm,
  olmo,
  olmo2,
  nemotron,
  granite,
  handheld,
};

/** What cannot be run here by design, and why. */
const outOfScope: Record<string, string> = {
  recurrent_gemma: "RecurrentGemma mixes recurrent blocks with attention, and this runtime has attention only",
  mamba: "Mamba is a state space model, and this runtime has attention only",
  mamba2: "Mamba is a state space model, and this runtime has attention only",
};

const llamaNames: FieldNames = {
  layers: "num_hidden_layers",
  width: "hidden_size",
  ffnWidth: "intermediate_size",
  heads: "num_attention_heads",
  kvHeads: "num_key_value_heads",
  headSize: "head_dim",
  activation: "hidden_act",
  normEps: "rms_norm_eps",
  ropeBase: "rope_theta",
  ropeSize: "partial_rotary_factor",
  ropeScaling: "rope_scaling",
  slidingWindow: "sliding_window",
  tiedEmbeddings: "tie_word_embeddings",
  vocabulary: "vocab_size",
  context: "max_position_embeddings",
};

/** Every model_type that can be read. */
export const familyNames: readonly string[] = Object.keys(families);

/**
 * Reads the architecture out of a parsed config.json.
 *
 * @throws HandheldError `invalid-spec` naming the field in config.json's words, or `unsupported` for other families and
 *   for options that are not known here; `where` prefixes it.
 * @example
 * ```ts
 * fromHfConfig(JSON.parse(await readFile("models/gemma/config.json", "utf8"))).slidingWindow; // 4096
 * ```
 */
export function fromHfConfig(json: unknown, where = "config.json"): Spec {
  const config = new ConfigReader(json, where);
  const family = familyOf(config);
  return createSpec(family.spec(config), where, { ...llamaNames, ...family.names });
}

/** Where the tensors of a model are in its files: sources, and a prefix of their names that some files leave out. */
export interface StoredLayout {
  sources: TensorSource[];
  prefix: string;
}

/** The layout of the files beside a config.json that {@link fromHfConfig} made `spec` of. */
export function storedLayout(json: unknown, spec: Spec, where = "config.json"): StoredLayout {
  const config = new ConfigReader(json, where);
  const family = familyOf(config);
  return { sources: family.tensors(spec, config), prefix: family.prefix ?? "" };
}

function familyOf(config: ConfigReader): Family {
  const type = config.text("model_type");
  // MobiLlama's files say Llama; their code on the hub is what tells.
  if (type === "llama" && config.section("auto_map")?.text("AutoModelForCausalLM", "").includes("mobillama")) {
    return mobillama;
  }
  if (Object.hasOwn(families, type)) return families[type]!;
  if (Object.hasOwn(outOfScope, type)) throw config.unsupported(`model_type "${type}": ${outOfScope[type]}`);
  const hint = suggest(type, familyNames) || `; known: ${familyNames.join(", ")}`;
  throw config.unsupported(`model_type "${type.slice(0, 60)}" is not supported${hint}`);
}
