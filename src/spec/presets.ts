// Published architectures by name. Data only: adding one is one line in a table here.
import { HandheldError, suggest } from "../errors.ts";
import { createSpec, type Spec, type SpecInput } from "./spec.ts";

// PhoneLM, Table 1 and section 3.1: MHA, ReLU gated FFN, RMSNorm, int8 RoPE tables; head tied to the embedding.
const phoneLm = { activation: "relu", ropeTable: "int8", vocabulary: 49_152 } as const;

// MobileLLM, Table 9: SwiGLU, GQA, tied embeddings, the Llama vocabulary.
const mobileLlm = { activation: "silu", normEps: 1e-5, vocabulary: 32_000 } as const;

const mobileLlmShapes = {
  "125M": { layers: 30, heads: 9, kvHeads: 3, width: 576, ffnWidth: 1536 },
  "350M": { layers: 32, heads: 15, kvHeads: 5, width: 960, ffnWidth: 2560 },
  "600M": { layers: 40, heads: 18, kvHeads: 6, width: 1152, ffnWidth: 3072 },
  "1B": { layers: 54, heads: 20, kvHeads: 5, width: 1280, ffnWidth: 3584 },
  "1.5B": { layers: 54, heads: 25, kvHeads: 5, width: 1600, ffnWidth: 4352 },
} as const;

const sharedSizes = ["125M", "350M", "600M"] as const;

const table = new Map<string, SpecInput>([
  ["PhoneLM-0.5B", { ...phoneLm, layers: 24, heads: 16, width: 1024, ffnWidth: 4864 }],
  ["PhoneLM-1.5B", { ...phoneLm, layers: 19, heads: 16, width: 2560, ffnWidth: 6816 }],
  ...Object.entries(mobileLlmShapes).map(([size, shape]): [string, SpecInput] => [
    `MobileLLM-${size}`,
    { ...mobileLlm, ...shape },
  ]),
  ...sharedSizes.map((size): [string, SpecInput] => [
    `MobileLLM-${size}-LS`,
    { ...mobileLlm, ...mobileLlmShapes[size], layerRepeat: 2 },
  ]),
]);

/** Names of all presets. */
export const presetNames: readonly string[] = [...table.keys()];

/** The preset's proper name, ignoring case and the paper's order `MobileLLM-LS-125M`; undefined when there is none. */
export function findPresetName(name: string): string | undefined {
  const wanted = name.trim().toLowerCase();
  const reordered = wanted.replace(/^mobilellm-ls-(.+)$/, "mobilellm-$1-ls");
  return presetNames.find((known) => known.toLowerCase() === reordered);
}

/**
 * The spec of a published architecture. Case does not matter. A `-LS` form runs every block twice back to back.
 *
 * @throws HandheldError `invalid-spec` on an unknown name, with the nearest known one.
 * @example
 * ```ts
 * preset("MobileLLM-125M").layers; // 30
 * ```
 */
export function preset(name: string): Spec {
  const known = findPresetName(name);
  if (known === undefined) {
    const hint = suggest(name, presetNames) || `; known: ${presetNames.join(", ")}`;
    throw new HandheldError("invalid-spec", `no preset named "${name}"${hint}`);
  }
  return createSpec(table.get(known)!, known);
}
