// The architectures that are compared: presets of Handheld, and one with few KV heads and a large vocabulary.
import { HandheldError, suggest } from "../../src/errors.ts";
import { preset } from "../../src/spec/presets.ts";
import { createSpec, type Spec } from "../../src/spec/spec.ts";

/** Tokens that every engine keeps room for: the longest prompt and what is decoded behind it. */
export const contextTokens = 1152;

// Qwen2-0.5B, config.json: 2 of 14 heads hold keys and values, SwiGLU, RoPE base 1e6, tied; without its biases.
const qwenLike = {
  layers: 24,
  width: 896,
  ffnWidth: 4864,
  heads: 14,
  kvHeads: 2,
  vocabulary: 151_936,
  activation: "silu",
  ropeBase: 1e6,
} as const;

const shapes = new Map<string, () => Spec>([
  ["PhoneLM-0.5B", () => preset("PhoneLM-0.5B")],
  ["PhoneLM-1.5B", () => preset("PhoneLM-1.5B")],
  ["MobileLLM-125M", () => preset("MobileLLM-125M")],
  ["Qwen2-0.5B-like", () => createSpec(qwenLike)],
]);

/** Names of all shapes. */
export const shapeNames: readonly string[] = [...shapes.keys()];

/**
 * The spec of a shape, with a context of {@link contextTokens}.
 * @throws HandheldError `invalid-option` on an unknown name
 */
export function shapeSpec(name: string): Spec {
  const create = shapes.get(name);
  if (create === undefined) {
    const hint = suggest(name, shapeNames) || `; known: ${shapeNames.join(", ")}`;
    throw new HandheldError("invalid-option", `no shape named "${name}"${hint}`);
  }
  return { ...create(), context: contextTokens };
}
