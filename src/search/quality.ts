// A prior on how well an architecture will learn, before it is trained. It ranks shapes of one budget; it is no forecast.
//
// relative loss = N^-0.076 · (1 + 0.005·shape² + 0.053·head + 0.003·[ReLU])
// - N: weights of the blocks. The exponent is Kaplan et al. 2020, equation 1.1. A repeated block counts r^0.2 times:
//   sharing gave MobileLLM 0.7 points where 2.8 times the parameters gave 5 (Table 3).
// - shape: how far ln(width ÷ layers) lies outside ln 20 … ln 60. Wide and shallow, and very deep, learn worse.
// - head: how far ln(head size) lies below ln 64. Many tiny heads learn worse.
// The three coefficients are a least-squares fit to the 36 losses of PhoneLM's Table 7 (100 M and 200 M parameters, a free
// constant for each; error 1.4 %, rank correlation 0.44 and 0.68). The lower end of the band also follows MobileLLM's Table 11, where accuracy
// rises until width ÷ layers is about 20. For models of 1 M it is an extrapolation: prefer measured losses where you can.
import { countParameters } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";

/** Predicts a loss up to a constant factor; lower is better. Replaceable by a fit to your own runs. */
export type QualityPrior = (spec: Spec) => number;

const exponent = 0.076;
const sharingExponent = 0.2;
const shapeBand = [Math.log(20), Math.log(60)] as const;
const shapeCost = 0.005;
const wantedHead = Math.log(64);
const headCost = 0.053;
const reluCost = 0.003;

/** The prior described at the top of this file. */
export const predictRelativeLoss: QualityPrior = (spec) => {
  const { attention, ffn } = countParameters(spec);
  const weights = spec.layers * (attention + ffn) * spec.layerRepeat ** sharingExponent;
  const aspect = Math.log(spec.width / spec.layers);
  const shape = Math.max(0, shapeBand[0] - aspect, aspect - shapeBand[1]);
  const head = Math.max(0, wantedHead - Math.log(spec.headSize));
  const relu = spec.activation.startsWith("relu") ? reluCost : 0;
  return weights ** -exponent * (1 + shapeCost * shape ** 2 + headCost * head + relu);
};
