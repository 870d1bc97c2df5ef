// How text is split before byte-level BPE, by the name that GGUF files have for it in `tokenizer.ggml.pre`: steps as in
// tokenizer.json, Oniguruma patterns as in those models' own files.
import { digitsPattern, gpt2Pattern } from "../tokenizer/byte-level.ts";
import type { ComponentJson } from "../tokenizer/format.ts";

const contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const wordsOfLlama3 = (digits: string) =>
  `${contraction}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const digitsAlone: ComponentJson = { type: "Digits", individual_digits: true };
const split = (pattern: string): ComponentJson => ({
  type: "Split",
  pattern: { Regex: pattern },
  behavior: "Isolated",
  invert: false,
});

/** The steps before ByteLevel, by name. */
export const preTokenizers: Record<string, readonly ComponentJson[]> = {
  "gpt-2": [split(gpt2Pattern)],
  smollm: [digitsAlone, split(gpt2Pattern)],
  "llama-bpe": [split(wordsOfLlama3("\\p{N}{1,3}"))],
  qwen2: [split(wordsOfLlama3("\\p{N}"))],
};

/** Other names of the same, by which llama.cpp tells models apart. */
const aliases: Record<string, readonly string[]> = {
  "gpt-2": ["phi-2", "mpt", "olmo", "jais", "jina-es", "jina-de", "gigachat"],
  smollm: ["starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"],
  "llama-bpe": ["llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "dbrx", "smaug-bpe"],
  qwen2: ["stablelm2", "deepseek-r1-qwen", "hunyuan"],
};

/** The steps before ByteLevel for a name; undefined for one that is not known. */
export function stepsOf(pre: string): readonly ComponentJson[] | undefined {
  const own = Object.keys(preTokenizers).find((name) => name === pre || aliases[name]?.includes(pre));
  return own === undefined ? undefined : preTokenizers[own];
}

/**
 * The name of a pre-tokenizer of tokenizer.json; null where GGUF has none for it. Tokenizers trained here set the digits 0-9
 * apart after cutting words, which is what smollm does before it: other numerals stay together there and part here.
 */
export function preTokenizerName(step: ComponentJson | null | undefined): string | null {
  const steps = describe(step);
  const digits = describe(split(digitsPattern(1)));
  const own = [...describe(split(gpt2Pattern)), "bytes", ...digits].join("\n");
  if (steps.join("\n") === own) return "smollm";
  for (const [name, before] of Object.entries(preTokenizers)) {
    if (steps.join("\n") === [...before.flatMap(describe), "bytes"].join("\n")) return name;
  }
  return null;
}

/** Steps as comparable text: what splits, in order, and where bytes are spelled. */
function describe(step: ComponentJson | null | undefined): string[] {
  if (!step) return [];
  if (step.type === "Sequence" && Array.isArray(step.pretokenizers)) {
    return (step.pretokenizers as ComponentJson[]).flatMap(describe);
  }
  if (step.type === "ByteLevel" && step.add_prefix_space !== true) {
    return step.use_regex === false ? ["bytes"] : [...describe(split(gpt2Pattern)), "bytes"];
  }
  if (step.type === "Digits") return [step.individual_digits ? "digits alone" : "digits"];
  const pattern = step.pattern as { Regex?: unknown } | undefined;
  const plain = step.type === "Split" && step.behavior === "Isolated" && step.invert !== true;
  return [plain && typeof pattern?.Regex === "string" ? `split ${pattern.Regex}` : `other ${step.type}`];
}
