// What of a shape the quality model looks at. Plain numbers in, plain numbers out, so that a million shapes cost little.
import type { Activation } from "../../spec/spec.ts";

/** The sizes and options that quality is judged by; a Spec is one. */
export interface Shape {
  layers: number;
  width: number;
  ffnWidth: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  activation: Activation;
  gated: boolean;
  tiedEmbeddings: boolean;
  layerRepeat: number;
}

/** A term of the model: its value for a shape, and what is believed of its coefficient before any table is seen. */
interface Term {
  name: string;
  mean: number;
  deviation: number;
  of(shape: Shape): number;
}

/** Weights of the blocks that the exponents below count from. */
const referenceWeights = 1e8;

/** Weights of all distinct blocks, biases and norms left out. */
export function blockWeights({ layers, width, ffnWidth, heads, kvHeads, headSize, gated }: Shape): number {
  return layers * width * (2 * (heads + kvHeads) * headSize + (gated ? 3 : 2) * ffnWidth);
}

/** ln(block weights ÷ 10⁸). */
export function logWeights(shape: Shape): number {
  return Math.log(blockWeights(shape) / referenceWeights);
}

/**
 * How wide for its depth: ln(width ÷ executed layers) beyond 4, the middle of the tables, and beyond what grows with size.
 * A quarter of ln(weights) lies between a constant width ÷ layers (Kaplan et al. 2020, section 3.2) and a constant depth.
 */
export function aspect(shape: Shape): number {
  return Math.log(shape.width / (shape.layers * shape.layerRepeat)) - 4 - 0.25 * logWeights(shape);
}

/** A shape from the middle of what was measured, of a size: heads of 64, an FFN of 8/3 widths, nothing shared. */
export function typicalShape(weights: number): Shape {
  const widthPerLayer = Math.exp(4 + 0.25 * Math.log(weights / referenceWeights));
  const width = Math.cbrt((weights * widthPerLayer) / 12);
  const sizes = {
    layers: width / widthPerLayer,
    width,
    ffnWidth: (8 / 3) * width,
    heads: width / 64,
    kvHeads: width / 64,
  };
  return { ...sizes, headSize: 64, activation: "silu", gated: true, tiedEmbeddings: true, layerRepeat: 1 };
}

/** Percent points of accuracy in ln(loss); see ./model.ts for where it comes from. */
const perPoint = 0.018;

/** Terms that are alike wherever a model is trained. Coefficients are in ln(loss). */
export const terms: readonly Term[] = [
  // Kaplan et al. 2020, equation 1.1.
  { name: "log block weights", mean: -0.076, deviation: 0.02, of: logWeights },
  // Heads smaller than 128.
  {
    name: "small heads",
    mean: 0,
    deviation: 0.03,
    of: ({ headSize }) => Math.max(0, Math.log(128) - Math.log(headSize)),
  },
  {
    name: "log heads per key/value head",
    mean: 0,
    deviation: 0.02,
    of: ({ heads, kvHeads }) => Math.log(heads / kvHeads),
  },
  { name: "ReLU", mean: 0, deviation: 0.01, of: ({ activation }) => (activation === "relu" ? 1 : 0) },
  {
    name: "GELU or squared ReLU",
    mean: 0,
    deviation: 0.01,
    of: ({ activation }) => (activation === "relu" || activation === "silu" ? 0 : 1),
  },
  {
    name: "log FFN ratio",
    mean: 0,
    deviation: 0.02,
    of: ({ ffnWidth, width }) => Math.log(ffnWidth / width / (8 / 3)),
  },
  // MobileLLM section 2.2.1: a gated FFN gains 1.3 points over a plain one.
  { name: "FFN without a gate", mean: 1.3 * perPoint, deviation: 0.01, of: ({ gated }) => (gated ? 0 : 1) },
  // MobileLLM section 2.2.3: tying embedding and head costs 0.2 points.
  {
    name: "untied head",
    mean: -0.2 * perPoint,
    deviation: 0.2 * perPoint,
    of: ({ tiedEmbeddings }) => (tiedEmbeddings ? 0 : 1),
  },
  // MobileLLM Table 3: running every block twice gains 0.7 points.
  {
    name: "log runs of a block",
    mean: (-0.7 * perPoint) / Math.LN2,
    deviation: (0.4 * perPoint) / Math.LN2,
    of: ({ layerRepeat }) => Math.log(layerRepeat),
  },
];
