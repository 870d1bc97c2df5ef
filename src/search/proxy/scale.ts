// A small model that stands for a large one: what the quality model says of a shape beyond its size stays, the size shrinks.
import { createSpec, type Spec } from "../../spec/spec.ts";
import { aspect } from "../quality/features.ts";

/** About the size of a proxy's heads: small enough that a narrow model has several. */
const usualHead = 32;

/**
 * The proxy of an architecture with about `weights` weights in its blocks: equally wide for its depth (by the quality
 * model's measure), with its FFN ratio, groups, activation, gate and repeats. Head sizes do not scale: all proxies have about
 * 32, so what head size does stays the model's own prior.
 */
export function proxyOf(
  spec: Spec,
  weights: number,
  { vocabulary, context }: { vocabulary: number; context: number },
): Spec {
  const ffnRatio = spec.ffnWidth / spec.width;
  const groupSize = spec.heads / spec.kvHeads;
  const perWidth = 2 * (1 + 1 / groupSize) + (spec.gated ? 3 : 2) * ffnRatio;
  // From aspect(): ln(width ÷ executed layers) at the proxy's size.
  const shrunk = Math.log(weights / 1e8);
  const widthPerLayer = Math.exp(aspect(spec) + 4 + 0.25 * shrunk);
  const width = Math.cbrt((weights * widthPerLayer * spec.layerRepeat) / perWidth);
  const layers = Math.max(1, Math.round(width / widthPerLayer / spec.layerRepeat));
  // Rounding the layers changes the size: the width takes it back.
  const wanted = Math.sqrt(weights / (perWidth * layers));
  const heads = Math.max(1, Math.round(wanted / usualHead));
  const headSize = 2 * Math.max(4, Math.round(wanted / heads / 2));
  const divisors = Array.from({ length: heads }, (_, i) => i + 1).filter((count) => heads % count === 0);
  const kvHeads = divisors.reduce((best, count) =>
    Math.abs(count - heads / groupSize) < Math.abs(best - heads / groupSize) ? count : best,
  );
  const narrow = heads * headSize;
  // What rounding heads and groups left is the FFN's.
  const ffn = (weights / layers / narrow - 2 * (heads + kvHeads) * headSize) / (spec.gated ? 3 : 2);
  const { activation, gated, norm, layerRepeat, tiedEmbeddings } = spec;
  return createSpec({
    layers,
    width: narrow,
    ffnWidth: Math.max(16, Math.round(ffn / 8) * 8),
    heads,
    kvHeads,
    ...{ activation, gated, norm, layerRepeat, tiedEmbeddings, vocabulary, context },
  });
}
