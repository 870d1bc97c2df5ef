// Parameters of a published config.json, counted family by family from what each family's modelling code allocates.
// Independent of src/spec on purpose: it is what the specs' arithmetic is compared with.
type Config = Record<string, unknown>;
type Count = (config: Config) => number;

/** The number of weights of a config. @throws Error for a family without a formula */
export function countConfig(config: Config): number {
  const count = counts[String(config.model_type)];
  if (count === undefined) throw new Error(`no formula for ${String(config.model_type)}`);
  return count(config);
}

const size = (config: Config, key: string): number => {
  const value = config[key];
  if (typeof value !== "number") throw new Error(`${key} is ${String(value)}`);
  return value;
};
const optional = (config: Config, key: string, fallback: number): number =>
  config[key] === undefined || config[key] === null ? fallback : size(config, key);

interface Shape {
  C: number;
  F: number;
  L: number;
  H: number;
  K: number;
  D: number;
  V: number;
}

function shape(config: Config): Shape {
  const C = size(config, "hidden_size");
  const H = size(config, "num_attention_heads");
  return {
    C,
    F: size(config, "intermediate_size"),
    L: size(config, "num_hidden_layers"),
    H,
    K: optional(config, "num_key_value_heads", H),
    D: optional(config, "head_dim", C / H),
    V: size(config, "vocab_size"),
  };
}

const attention = ({ C, H, K, D }: Shape) => C * H * D + 2 * C * K * D + H * D * C;
const qkvBiases = ({ H, K, D }: Shape) => (H + 2 * K) * D;
const heads = (tied: boolean, { V, C }: Shape) => V * C * (tied ? 1 : 2);

// Gated FFN, an RMSNorm before each half of a block and one at the end.
function llama(tied: boolean, extraPerBlock: (s: Shape) => number = () => 0): Count {
  return (config) => {
    const s = shape(config);
    return heads(tied, s) + s.L * (attention(s) + 3 * s.C * s.F + 2 * s.C + extraPerBlock(s)) + s.C;
  };
}
const tiedAs =
  (key: string, count: (tied: boolean) => Count): Count =>
  (config) =>
    count(config[key] === true)(config);

// LayerNorms with biases and linear layers with biases: GPT-2, and OPT and Bloom but for what they add.
const layerNormBlock = (C: number, F: number) => 4 * C * C + 4 * C + 2 * C * F + C + F + 4 * C;

const gpt2: Count = (config) => {
  const C = size(config, "n_embd");
  const F = optional(config, "n_inner", 4 * C);
  const tables = (size(config, "vocab_size") + size(config, "n_positions")) * C;
  return tables + size(config, "n_layer") * layerNormBlock(C, F) + 2 * C;
};

const opt: Count = (config) => {
  const C = size(config, "hidden_size");
  const W = size(config, "word_embed_proj_dim");
  const positions = (size(config, "max_position_embeddings") + 2) * C;
  const projections = W === C ? 0 : 2 * W * C;
  const finalNorm = config.do_layer_norm_before === true ? 2 * C : 0;
  const blocks = size(config, "num_hidden_layers") * layerNormBlock(C, size(config, "ffn_dim"));
  return size(config, "vocab_size") * W + positions + projections + blocks + finalNorm;
};

const bloom: Count = (config) => {
  const C = size(config, "hidden_size");
  return size(config, "vocab_size") * C + 2 * C + size(config, "n_layer") * layerNormBlock(C, 4 * C) + 2 * C;
};

const gptNeox: Count = (config) => {
  const { C, F, L, V } = shape(config);
  return 2 * V * C + L * layerNormBlock(C, F) + 2 * C;
};

// One LayerNorm a block, and a bias even on the head.
const phi: Count = (config) => {
  const { C, F, L, V } = shape(config);
  return 2 * V * C + V + L * (layerNormBlock(C, F) - 2 * C) + 2 * C;
};

const stablelm: Count = (config) => {
  const s = shape(config);
  const biases = config.use_qkv_bias === true ? qkvBiases(s) : 0;
  return heads(false, s) + s.L * (attention(s) + biases + 3 * s.C * s.F + 4 * s.C) + 2 * s.C;
};

const nemotron: Count = (config) => {
  const s = shape(config);
  return heads(false, s) + s.L * (attention(s) + 2 * s.C * s.F + 4 * s.C) + 2 * s.C;
};

const olmo: Count = (config) => {
  const s = shape(config);
  return heads(config.tie_word_embeddings === true, s) + s.L * (attention(s) + 3 * s.C * s.F);
};

const qwen: Count = (config) =>
  llama(false, qkvBiases)({ ...config, intermediate_size: size(config, "intermediate_size") / 2 });

const mobillama: Count = (config) => {
  const s = shape(config);
  return heads(false, s) + s.L * (attention(s) + 2 * s.C) + 3 * s.C * s.F + s.C;
};

const minicpm3: Count = (config) => {
  const { C, F, L, H, V } = shape(config);
  const [queryRank, rank] = [size(config, "q_lora_rank"), size(config, "kv_lora_rank")];
  const [plain, turned] = [size(config, "qk_nope_head_dim"), size(config, "qk_rope_head_dim")];
  const values = C / H;
  const queries = C * queryRank + queryRank + queryRank * H * (plain + turned);
  const keysAndValues = C * (rank + turned) + rank + rank * H * (plain + values);
  return V * C + L * (queries + keysAndValues + H * values * C + 3 * C * F + 2 * C) + C;
};

const openelm: Count = (config) => {
  const [C, D] = [size(config, "model_dim"), size(config, "head_dim")];
  const list = (key: string) => config[key] as number[];
  const divisor = size(config, "ffn_dim_divisor");
  const blocks = list("num_query_heads").map((H, i) => {
    const K = list("num_kv_heads")[i]!;
    const F = Math.floor((C * list("ffn_multipliers")[i]! + divisor / 2) / divisor) * divisor;
    return attention({ C, H, K, D, F, L: 1, V: 0 }) + 3 * C * F + 2 * C + 2 * D;
  });
  return size(config, "vocab_size") * C + blocks.reduce((a, b) => a + b, 0) + C;
};

// open_lm: SwiGLU of 2/3 · 4 · C rounded up to 256; norms with a gain alone, over the whole width for queries and keys.
const openlm: Count = (config) => {
  const C = size(config, "dim");
  const F = 256 * Math.ceil(Math.floor((8 * C) / 3) / 256);
  return 2 * size(config, "vocab_size") * C + size(config, "n_layers") * (4 * C * C + 3 * C * F + 4 * C) + C;
};

// A third of the blocks has attention, with a bias at its output; the others a recurrence: two branches in, one out, a
// convolution, and two gates whose matrices are one block per head.
const recurrentGemma: Count = (config) => {
  const s = shape(config);
  const W = size(config, "lru_width");
  const kinds = config.block_types as string[];
  const F = s.F / 2;
  const ffn = 3 * s.C * F + 2 * F + s.C;
  const convolution = W * (size(config, "conv1d_width") + 1);
  const gates = 2 * (s.H * (W / s.H) ** 2 + W) + W;
  const recurrence = 2 * (s.C * W + W) + (W * s.C + s.C) + convolution + gates;
  let total = heads(true, s) + s.C;
  for (let i = 0; i < s.L; i++) {
    total += ffn + 2 * s.C + (kinds[i % kinds.length] === "attention" ? attention(s) + s.C : recurrence);
  }
  return total;
};

const counts: Record<string, Count> = {
  llama: tiedAs("tie_word_embeddings", llama),
  phonelm: tiedAs("tie_word_embeddings", llama),
  mobilellm: tiedAs("share_embedding", llama),
  phi3: llama(false),
  qwen2: tiedAs("tie_word_embeddings", (tied) => llama(tied, qkvBiases)),
  gemma: llama(true),
  gemma2: llama(true, ({ C }) => 2 * C),
  minicpm: llama(true),
  gpt2,
  opt,
  bloom,
  gpt_neox: gptNeox,
  phi,
  stablelm,
  nemotron,
  olmo,
  qwen,
  mobillama,
  minicpm3,
  openelm,
  openlm,
  recurrent_gemma: recurrentGemma,
};
